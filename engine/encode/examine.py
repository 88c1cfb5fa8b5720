"""Is a checkpoint whole? Looked at file by file, without building a model that holds weights."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from quire.adapters.errors import AdapterError

from ..errors import EncodeError
from .adapter import HEAD, WEIGHTS, check_fit, read_adapters
from .backbone import configuration, empty, native_name
from .families.counts import known_parameters
from .families.registry import read_json
from .heads import ALSO, MERGED, head_files
from .scan import Scanned, scan
from .source import Source
from .tensors import weight_files
from .weights import LENGTHS

_PICKLED = "pytorch_model.bin"
Step = Callable[[int, int], None]


@dataclass(frozen=True)
class Subject:
    """What is known of a checkpoint before it is looked at.

    `backbone`: model_type of its native class; "" where names cannot be compared. `heads`: names of
    those that the family needs.
    """

    family: str
    backbone: str
    heads: tuple[str, ...] = ()
    licence: str = ""
    needed: tuple[str, ...] = ()  # tensors that `native_name` leaves out, and that must be there


@dataclass
class Examination:
    """What was found. Names of tensors are those of the native class, else those of the file.

    `parameters`: of "backbone", "heads" and "adapters". `known`: how many there should be, where
    that is known. `left_out`: tensors that quire does not use, as the head that generates text.
    """

    parameters: Counter[str] = field(default_factory=Counter)
    known: int | None = None
    files: int = 0
    bytes: int = 0
    tensors: int = 0
    dtypes: Counter[str] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    misshapen: list[str] = field(default_factory=list)
    zero: list[str] = field(default_factory=list)
    not_finite: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    heads: set[str] = field(default_factory=set)  # those that are there
    problems: list[str] = field(default_factory=list)  # of files, in sentences

    @property
    def total(self) -> int:
        return sum(self.parameters.values())


def examine(source: Source, base: Source, subject: Subject, step: Step) -> Examination:
    """Read every tensor once, the memory of one at a time.

    `base` holds the weights; it is `source`, unless that is an adapter alone. `step`: told after
    each file how many bytes of how many were read. Raises EncodeError when config.json is unusable;
    all else is in the result.
    """
    found = Examination(known=known_parameters(source))
    wanted, layers = _native(base, subject)
    main, others, adapters = _files(source, base, subject, found)
    everything = [*main, *others, *adapters]
    sizes = [file.stat().st_size for file in everything]
    found.files, found.bytes = len(everything), sum(sizes)
    seen: dict[str, tuple[int, ...]] = {}
    done = 0
    for file, size in zip(everything, sizes, strict=True):
        head = file.stem if file in others else ""
        try:
            for tensor in scan(file):
                _note(found, tensor)
                if file in adapters:
                    found.parameters["adapters"] += tensor.size
                elif own := head or _head_of(tensor.name, subject):
                    _place_head(found, own, tensor, file)
                else:
                    _place(found, seen, tensor, subject, file)
        except EncodeError as error:
            found.problems.append(str(error))
        done += size
        step(done, sum(sizes))
    if subject.backbone:
        found.missing = sorted(wanted.keys() - seen.keys())
        found.unexpected = sorted(seen.keys() - wanted.keys())
        found.misshapen = sorted(n for n in seen if n in wanted and seen[n] != wanted[n])
        found.missing += [f"{head}.weight" for head in subject.heads if head not in found.heads]
        found.missing += [name for name in subject.needed if name not in found.left_out]
        _check_adapters(found, adapters, subject, layers)
    return found


def _native(base: Source, subject: Subject) -> tuple[dict[str, tuple[int, ...]], dict[str, Any]]:
    """Shapes of the native tensors, and its layers: both without weights."""
    import torch

    if not subject.backbone:
        return {}, {}
    config = configuration(read_json(base.folder / "config.json"), subject.backbone, base.folder)
    model = empty(config, subject.backbone)
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    kinds = (torch.nn.Linear, torch.nn.Embedding)
    return shapes, {n: m for n, m in model.named_modules() if isinstance(m, kinds)}


def _files(
    source: Source, base: Source, subject: Subject, found: Examination
) -> tuple[list[Path], list[Path], list[Path]]:
    """Of the backbone, of heads apart from it, of adapters."""
    try:
        main = weight_files(base.folder)
    except EncodeError as error:
        found.problems.append(str(error))
        main = sorted(base.folder.glob("model-*.safetensors"))
    if not main:
        main = [file for file in [base.folder / _PICKLED] if file.is_file()]
    if not main:
        found.problems.append(f"{base.folder} holds no *.safetensors file: the weights are missing")
    folders = list(dict.fromkeys([source.folder, base.folder]))
    others = [file for head in subject.heads for file in head_files(base.folder, head)]
    others = [file for file in others if file not in main]
    main = [file for file in main if file not in others]
    more = [file for folder in folders for file in sorted(folder.rglob("*.safetensors"))]
    adapters = [file for file in more if file.name == WEIGHTS]
    taken = {*main, *others, *adapters}
    if subject.backbone:
        others += [file for file in more if file not in taken and file.parent.name == MERGED]
    else:
        main += [file for file in more if file not in taken]
    return main, others, adapters


def _note(found: Examination, tensor: Scanned) -> None:
    found.tensors += 1
    found.dtypes[tensor.dtype] += tensor.size
    if tensor.fault == "is all zero":
        found.zero.append(tensor.name)
    elif tensor.fault is not None:
        found.not_finite.append(tensor.name)


def _head_of(name: str, subject: Subject) -> str:
    """The head that a tensor of the base belongs to, "" if to none."""
    layer = name.rpartition(".")[0]
    if name == LENGTHS:
        return LENGTHS
    return next((head for head in subject.heads if layer in (head, ALSO.get(head))), "")


def _place_head(found: Examination, head: str, tensor: Scanned, file: Path) -> None:
    found.heads.add(head)
    if file.parent.name != MERGED:  # there it is the same head once more
        found.parameters["heads"] += tensor.size


def _place(
    found: Examination,
    seen: dict[str, tuple[int, ...]],
    tensor: Scanned,
    subject: Subject,
    file: Path,
) -> None:
    name = native_name(tensor.name, subject.backbone) if subject.backbone else tensor.name
    if name is None:
        found.left_out.append(tensor.name)
        return
    if name in seen:
        found.problems.append(f"{tensor.name} is in {file} and in another file beside it")
        return
    seen[name] = tensor.shape
    found.parameters["backbone"] += tensor.size


def _check_adapters(
    found: Examination, files: list[Path], subject: Subject, layers: dict[str, Any]
) -> None:
    """That adapters fit. Their settings and shapes are read by the code that loads them."""
    import torch

    names = tuple(h for head in subject.heads for h in (head, ALSO.get(head, head)))
    for file in files:
        try:
            for task, adapter in read_adapters(file.parent, subject.backbone, names).items():
                known = dict(layers)
                for key, (a, b) in adapter.pairs.items():
                    if key.startswith(HEAD):
                        shape = a.shape[1], b.shape[0]
                        known[key] = torch.nn.Linear(*shape, device="meta")
                check_fit(adapter, task, known)
        except (AdapterError, EncodeError) as error:
            if str(error) not in found.problems:
                found.problems.append(str(error))
