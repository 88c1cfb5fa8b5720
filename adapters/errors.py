"""What `quire.adapters` raises on purpose."""


class AdapterError(Exception):
    """A task, adapter or training input that cannot be used; the text says what to do next."""


class UnknownTask(AdapterError):
    """The task is none of those that exist, or the model has no weights for it."""
