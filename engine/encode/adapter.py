"""LoRA files as they are published: read, checked, and put on the layers they were made for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from quire.adapters.errors import AdapterError

from .backbone import native_name
from .families.registry import ADAPTER_FILE, read_json
from .routed import Route, Routed, RoutedTable
from .tensors import read_tensors

WEIGHTS = "adapter_model.safetensors"
HEAD = "head."  # stands before the name of a head: it is no layer of the backbone
_KEY = re.compile(
    r"base_model\.model\.(?P<layer>.+)\.lora_(?:(?P<side>[AB])\.(?:(?P<task>.+)\.)?weight"
    r"|embedding_(?P<table>[AB])(?:\.(?P<named>.+))?)"
)


@dataclass
class Adapter:
    """What one file adds to one task. `pairs`: layer -> A, B in float32, the scale in B."""

    folder: Path
    pairs: dict[str, tuple[Any, Any]] = field(default_factory=dict)


def read_adapters(folder: Path, backbone: str, heads: tuple[str, ...]) -> dict[str, Adapter]:
    """The adapters of a peft folder by the task that the file names; "" if it names none.

    Layers are named as in the native class, heads with `HEAD` before them. Raises `AdapterError`
    for a kind of adapter that is not plain LoRA and for a key that is none of LoRA.
    """
    settings = read_json(folder / ADAPTER_FILE)
    _check_plain(settings, folder)
    halves: dict[tuple[str, str], dict[str, Any]] = {}
    for key, tensor in read_tensors([folder / WEIGHTS]).items():
        found = _KEY.fullmatch(key)
        layer = found and _layer(found["layer"], backbone, heads)
        if found is None or layer is None:
            raise AdapterError(
                f"the adapter in {folder} does not match the model (stray key: {key}); "
                "use the base model that it was trained on"
            )
        task = found["task"] or found["named"] or ""
        halves.setdefault((task, layer), {})[found["side"] or found["table"]] = tensor
    out: dict[str, Adapter] = {}
    for (task, layer), half in halves.items():
        if len(half) != 2:
            side = "B" if "A" in half else "A"
            raise AdapterError(f"{layer} in {folder} has no lora_{side}: fetch the file again")
        a, b = half["A"].float(), half["B"].float()
        scale = _scale(layer.removeprefix(HEAD), a, b, settings, folder)
        out.setdefault(task, Adapter(folder)).pairs[layer] = a, b * scale
    return out


def check_fit(adapter: Adapter, task: str, layers: Mapping[str, Any]) -> None:
    """That every pair fits a layer (name -> Linear or Embedding) and all layers meant have one.

    Meant are those that `target_modules` of the adapter's settings name.
    """
    settings = read_json(adapter.folder / ADAPTER_FILE)
    meant = {name for name in layers if _is_target(name.removeprefix(HEAD), settings)}
    what = f"the adapter in {adapter.folder}" + (f" for {task!r}" if task else "")
    for name in sorted(adapter.pairs.keys() - layers.keys()):
        raise AdapterError(
            f"{what} does not match the model (first stray key: {name}); "
            "use the base model that it was trained on"
        )
    for name in sorted(meant - adapter.pairs.keys()):
        raise AdapterError(f"{what} lacks {name}, which it says it targets: fetch the file again")
    for name, (a, b) in adapter.pairs.items():
        out, into = layers[name].weight.shape
        if is_table(layers[name]):
            out, into = into, out  # from one of many tokens, to a vector
        if a.shape[1] != into or b.shape[0] != out:
            raise AdapterError(
                f"{what} does not match the model: {name} is {out} x {into} there, and its LoRA "
                f"is for {b.shape[0]} x {a.shape[1]}; use the base model that it was trained on"
            )


def merge(tensors: dict[str, Any], adapter: Adapter) -> None:
    """W + B A for every layer, in place, in float32. `tensors`: "<layer>.weight" -> W."""
    for name, (a, b) in adapter.pairs.items():
        key = f"{name}.weight"
        whole = tensors[key].float()
        tensors[key] = whole + (b @ a if whole.shape == (len(b), a.shape[1]) else (b @ a).T)


def route(model: Any, by_task: Mapping[str, Adapter], chosen: Route) -> None:
    """Put the adapters of several tasks on the layers of `model`, in place."""
    layers = sorted({name for adapter in by_task.values() for name in adapter.pairs})
    for name in layers:
        if not name.startswith(HEAD):
            parent, _, last = name.rpartition(".")
            base = model.get_submodule(name)
            kind = RoutedTable if is_table(base) else Routed
            setattr(model.get_submodule(parent), last, kind(base, chosen, pairs(name, by_task)))


def is_table(layer: Any) -> bool:
    """Whether a layer looks vectors up by token."""
    import torch

    return isinstance(layer, torch.nn.Embedding)


def pairs(layer: str, by_task: Mapping[str, Adapter]) -> dict[str, tuple[Any, Any]]:
    """task -> A, B of one layer, for the tasks that have it."""
    return {t: a.pairs[layer] for t, a in by_task.items() if layer in a.pairs}


def _layer(name: str, backbone: str, heads: tuple[str, ...]) -> str | None:
    return HEAD + name if name in heads else native_name(name, backbone)


def _check_plain(settings: Mapping[str, Any], folder: Path) -> None:
    odd = [
        f"{name}={settings[name]!r}"
        for name, plain in {
            "peft_type": "LORA", "use_dora": False, "bias": "none", "modules_to_save": None,
            "fan_in_fan_out": False, "lora_bias": False, "layer_replication": None,
        }.items()
        if settings.get(name, plain) not in (plain, None)
    ]  # fmt: skip
    if odd:
        raise AdapterError(f"the adapter in {folder} is no plain LoRA ({odd[0]}): merge it first")


def _scale(layer: str, a: Any, b: Any, settings: Mapping[str, Any], folder: Path) -> float:
    """alpha / r, or alpha / sqrt(r) where the settings ask for it, with their exceptions."""
    rank, alpha = (
        next(
            (v for k, v in (settings.get(p) or {}).items() if re.match(rf"(.*\.)?({k})$", layer)), d
        )
        for p, d in (("rank_pattern", settings["r"]), ("alpha_pattern", settings["lora_alpha"]))
    )
    if not (a.shape[0] == b.shape[1] == rank):
        raise AdapterError(
            f"{layer} in {folder} has rank {a.shape[0]} and {b.shape[1]}, and {ADAPTER_FILE} says "
            f"{rank}: the two files are not of one adapter"
        )
    return float(alpha) / (float(rank) ** 0.5 if settings.get("use_rslora") else float(rank))


def _is_target(name: str, settings: Mapping[str, Any]) -> bool:
    """As peft reads `target_modules` and `exclude_modules`: an expression, or last names."""

    def fits(wanted: Any) -> bool:
        if isinstance(wanted, str):
            return re.fullmatch(wanted, name) is not None
        return any(name == w or name.endswith(f".{w}") for w in wanted or ())

    return fits(settings.get("target_modules")) and not fits(settings.get("exclude_modules"))
