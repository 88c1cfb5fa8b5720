"""LoRA on any torch module: load one adapter a task, switch between them per call.

The module keeps its class and its own weights; every targeted linear layer becomes one that adds
(alpha / r) B A x of the adapter in use. Source: Hu et al. 2021, equation 3; peft does the work.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import AdapterError


def add_adapter(module: Any, task: str, config: Mapping[str, Any]) -> None:
    """Put fresh LoRA layers for `task` into `module`, in place; B is zero, so nothing changes yet.

    `config` holds the fields of `peft.LoraConfig`, for example `r`, `lora_alpha` and
    `target_modules`. Raises `AdapterError` if no layer matches.
    """
    from peft import LoraConfig, inject_adapter_in_model

    try:
        inject_adapter_in_model(LoraConfig(**config), module, adapter_name=task)
    except ValueError as error:
        raise AdapterError(
            f"the adapter for task {task!r} fits no layer of the model ({error}); "
            "it was made for another architecture"
        ) from error


def load_adapter(module: Any, task: str, folder: Path) -> None:
    """Load an ordinary peft adapter folder under the name of a task.

    Every tensor of the file must find its place, else `AdapterError`: a half-loaded adapter
    answers, and answers wrongly.
    """
    from peft import LoraConfig, set_peft_model_state_dict
    from safetensors.torch import load_file

    weights = folder / "adapter_model.safetensors"
    if not weights.is_file():
        raise AdapterError(f"no adapter for task {task!r}: {weights} does not exist")
    kept = {
        k: v for k, v in LoraConfig.from_pretrained(str(folder)).to_dict().items() if v is not None
    }
    kept.pop("peft_type", None)
    add_adapter(module, task, kept)
    outcome = set_peft_model_state_dict(module, load_file(weights), adapter_name=task)
    missing = [k for k in outcome.missing_keys if f".{task}." in k]
    if outcome.unexpected_keys or missing:
        stray = (list(outcome.unexpected_keys) + missing)[0]
        raise AdapterError(
            f"the adapter in {folder} does not match the model (first stray key: {stray}); "
            "use the base model that it was trained on"
        )


def _layers(module: Any) -> Iterator[Any]:
    from peft.tuners.tuners_utils import BaseTunerLayer

    return (m for m in module.modules() if isinstance(m, BaseTunerLayer))


def switch(module: Any, task: str | None) -> None:
    """Use the adapter of `task`, or none. Costs one attribute a layer, no copy of weights."""
    for layer in _layers(module):
        if task is None or task not in layer.lora_A:
            layer.enable_adapters(False)
        else:
            layer.enable_adapters(True)
            layer.set_adapter(task, inference_mode=True)


@contextmanager
def using(module: Any, task: str | None) -> Iterator[None]:
    """`with using(model, "code"): ...`; afterwards no adapter is in use."""
    switch(module, task)
    try:
        yield
    finally:
        switch(module, None)
