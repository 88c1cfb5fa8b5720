"""Meaning by distillation: an adapter a task, taught by a sentence encoder that already has it."""
