"""All tensors of a checkpoint, sorted: backbone, heads, adapters."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from quire.adapters.errors import AdapterError

from ..errors import EncodeError
from .adapter import HEAD, WEIGHTS, Adapter, check_fit, merge, read_adapters
from .backbone import native_name
from .families.registry import ADAPTER_FILE
from .family import Family
from .heads import ALSO, head_files, linear, merged_files, read_head, take_merged
from .source import Source, fetch_also
from .tensors import read_pickled, read_tensors, weight_files

LENGTHS = "row_lengths"  # [vocabulary]: the length of a query row by its token
_PICKLED = "pytorch_model.bin"  # only of publishers that never made safetensors


@dataclass
class Weights:
    """`backbone`: native name -> tensor. `files`: all that was read, for the hash."""

    backbone: dict[str, Any]
    projector: Any  # Linear, or None
    sparse: Any  # Linear, or None
    lengths: Any  # Tensor [vocabulary], or None where query rows have unit length
    adapters: dict[str, Adapter] = field(default_factory=dict)  # task -> adapter
    files: list[Path] = field(default_factory=list)


def read_weights(
    family: Family, source: Source, base: Source, model: Any, width: int, *, offline: bool
) -> Weights:
    """Read and check everything. `model`: the native one without weights; `width`: of its states.

    An adapter that is a repository of its own belongs to all tasks and is folded into the base, in
    float32; those in `adapters/` stay apart, one a task. Raises `EncodeError` and `AdapterError`.
    """
    files = weight_files(base.folder)
    if not files and family.backbone == "xlm-roberta":
        fetch_also(base, [_PICKLED, "*.pt"], local_files_only=offline)
        files = [f for f in [base.folder / _PICKLED] if f.is_file()]
    if not files:
        raise EncodeError(f"{base.folder} holds no *.safetensors file: the weights are missing")
    raw = read_pickled(files[0]) if files[0].name == _PICKLED else read_tensors(files)
    names = (family.projector, ALSO.get(family.projector, family.projector))
    tensors, head, lengths = _sort(raw, family.backbone, names, base.folder)
    for file in head_files(base.folder, family.projector) if family.projector else []:
        head = read_head(file)
        files.append(file)
    projector = linear(head, width, base.folder, family.projector) if family.projector else None
    layers = _layers(model) | ({HEAD + family.projector: projector} if family.projector else {})
    adapters: dict[str, Adapter] = {}
    if (source.folder / ADAPTER_FILE).is_file():
        found = read_adapters(source.folder, family.backbone, names)
        if list(found) != [""]:
            raise AdapterError(f"{source.folder} holds adapters of tasks, where one is meant")
        check_fit(found[""], "", layers)
        _fold(found[""], tensors, head, family.projector)
        files.append(source.folder / WEIGHTS)
        for file in merged_files(source.folder):
            head = take_merged(file, head)
            files.append(file)
        if family.projector:
            projector = linear(head, width, source.folder, family.projector)
    folders = dict.fromkeys([base.folder, source.folder])
    for folder in (inner for own in folders for inner in _adapter_folders(own)):
        found = read_adapters(folder, family.backbone, names)
        adapters |= {_task(family, name or folder.name, folder): a for name, a in found.items()}
        files.append(folder / WEIGHTS)
    if family.task_names:
        adapters = {task: adapters[task] for task in family.task_names if task in adapters}
    if gone := family.task_names.keys() - adapters.keys():
        raise AdapterError(
            f"{base.folder} lacks the adapter for {', '.join(sorted(gone))}: fetch it again"
        )
    for task, adapter in adapters.items():
        check_fit(adapter, task, layers)
    weigher = head_files(base.folder, family.sparse) if family.sparse else []
    if family.sparse and not weigher:
        raise EncodeError(f"{base.folder} lacks {family.sparse}.pt: fetch it again")
    sparse = linear(read_head(weigher[0]), width, base.folder, family.sparse) if weigher else None
    return Weights(tensors, projector, sparse, lengths, adapters, [*files, *weigher])


def _sort(
    raw: dict[str, Any], backbone: str, heads: tuple[str, ...], where: Path
) -> tuple[dict[str, Any], dict[str, Any], Any]:
    tensors: dict[str, Any] = {}
    head: dict[str, Any] = {}
    lengths = raw.pop(LENGTHS, None)
    for name, tensor in raw.items():
        layer, _, kind = name.rpartition(".")
        native = native_name(name, backbone)
        if layer in heads:
            head[kind] = tensor
        elif native in tensors:
            raise EncodeError(f"{where} holds {native} under two names (one is {name})")
        elif native is not None:
            tensors[native] = tensor
    return tensors, head, lengths


def _layers(model: Any) -> dict[str, Any]:
    import torch

    kinds = (torch.nn.Linear, torch.nn.Embedding)
    return {name: m for name, m in model.named_modules() if isinstance(m, kinds)}


def _fold(adapter: Adapter, tensors: dict[str, Any], head: dict[str, Any], name: str) -> None:
    both = tensors | {f"{HEAD}{name}.{kind}": tensor for kind, tensor in head.items()}
    merge(both, adapter)
    tensors.update({k: v for k, v in both.items() if not k.startswith(HEAD)})
    if name:
        head["weight"] = both[f"{HEAD}{name}.weight"]


def _adapter_folders(folder: Path) -> list[Path]:
    """`adapters/` itself, then `adapters/<name>/`: what was trained later stands in for the same
    task of the first."""
    inner = sorted(file.parent for file in folder.glob(f"adapters/*/{WEIGHTS}"))
    own = folder / "adapters"
    return ([own] if (own / WEIGHTS).is_file() else []) + inner


def _task(family: Family, name: str, folder: Path) -> str:
    """The task of this project that an adapter's own name means."""
    if not family.task_names:
        return name
    for task, published in family.task_names.items():
        if name == published:
            return task
    raise AdapterError(
        f"{folder} holds an adapter {name!r}, and {family.name} has "
        f"{', '.join(family.task_names.values())}: it is another model's"
    )
