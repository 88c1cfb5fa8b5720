"""What `quire doctor --model` finds out about a checkpoint, as plain values and as a table."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..encode.examine import Examination, Subject
    from ..encode.source import Source

BYTES = {"float32": 4, "bfloat16": 2}
SHOWN = 5  # names of tensors in a line of the table
GB = 1e9


def examine_model(
    name: str, problems: list[str], step: Callable[[int, int], None]
) -> dict[str, Any]:
    """Look at the files of a model that is on this machine; nothing is fetched, nothing is run.

    `problems` gets one sentence for each thing that would stop the model or change its vectors.
    Raises EncodeError or RerankError for a name or folder that is no model.
    """
    from ..encode.base import base_of
    from ..encode.examine import examine
    from ..encode.guest import PREFIX
    from ..encode.source import find_source

    source = find_source(name.removeprefix(PREFIX), local_files_only=True)
    base = base_of(source, local_files_only=True)
    subject, precision = _subject(name, source)
    found = examine(source, base, subject, step)
    device, memory, free = _device()
    kind = precision if device.startswith("cuda") else "float32"
    needed = found.total * BYTES[kind]
    problems += _faults(found)
    if needed > memory:
        problems.append(
            f"its weights need {needed / GB:.1f} GB in {kind} and {device} has {memory / GB:.1f} "
            "GB: take a smaller model or another machine"
        )
    return {
        "name": name,
        "family": subject.family,
        "folder": str(source.folder),
        "base": None if base == source else str(base.folder),
        "revision": source.revision,
        "licence": subject.licence or _licence_in(source.folder) or "not stated",
        "files": found.files,
        "bytes": found.bytes,
        "tensors": found.tensors,
        "dtypes": dict(found.dtypes),
        "parameters": {**found.parameters, "total": found.total},
        "known_parameters": found.known,
        "missing": found.missing,
        "unexpected": found.unexpected,
        "misshapen": found.misshapen,
        "zero": found.zero,
        "not_finite": found.not_finite,
        "left_out": found.left_out,
        "device": device,
        "dtype": kind,
        "memory_needed": needed,
        "memory": memory,
        "memory_free": free,
    }


def rows_of(told: dict[str, Any]) -> list[tuple[str, str]]:
    """The same as lines of a table."""
    count = told["parameters"]
    parts = ", ".join(f"{n} {size:,}" for n, size in count.items() if n != "total")
    known = told["known_parameters"]
    if known is None:
        compared = "how many there should be is not known"
    elif known == count["total"]:
        compared = "as many as published"
    else:
        compared = f"published are {known:,}"
    rows = [
        ("model", f"{told['name']}: {told['family']}"),
        ("folder", told["folder"] + (f" on {told['base']}" if told["base"] else "")),
        ("revision", told["revision"] or "none"),
        ("licence", told["licence"]),
        ("files", f"{told['files']} with {told['tensors']:,} tensors, {told['bytes'] / GB:.2f} GB"),
        ("parameters", f"{count['total']:,} ({parts}); {compared}"),
    ]
    for kind, label in (
        ("missing", "missing"),
        ("unexpected", "unexpected"),
        ("misshapen", "other shape"),
        ("zero", "all zero"),
        ("not_finite", "not finite"),
        ("left_out", "not used"),
    ):
        if told[kind]:
            rows.append((label, _some(told[kind])))
    rows.append(
        (
            "memory",
            f"{told['memory_needed'] / GB:.2f} GB for the weights in {told['dtype']} on "
            f"{told['device']}, which has {told['memory'] / GB:.1f} GB, "
            f"{told['memory_free'] / GB:.1f} GB of it free",
        )
    )
    return rows


def _subject(name: str, source: "Source") -> tuple["Subject", str]:
    """What is known of the model, and the precision that it runs in on CUDA."""
    from ..encode.examine import Subject
    from ..encode.families.registry import family_of, read_json
    from ..encode.guest import is_guest
    from ..encode.source import MINI
    from ..rerank.load import family_of as reranker_of
    from ..rerank.load import is_reranker
    from ..rerank.weights import HEAD

    if is_guest(name):
        return Subject("sentence-transformers", ""), "float32"
    if is_reranker(source):
        judge = reranker_of(source.folder)
        tied = read_json(source.folder / "config.json").get("tie_word_embeddings", True)
        needed = () if tied else (HEAD,)
        return Subject(judge.name, judge.backbone, (), judge.licence, needed), "bfloat16"
    family = family_of(source)
    heads = tuple(head for head in (family.projector, family.sparse) if head)
    licence = family.licence or ("Apache-2.0" if family.name == MINI else "")
    return Subject(family.name, family.backbone, heads, licence), family.precision


def _faults(found: "Examination") -> list[str]:
    faults = list(found.problems)
    for names, what in (
        (found.missing, "missing"),
        (found.unexpected, "not expected"),
        (found.misshapen, "of another shape than config.json says"),
        (found.zero, "all zero"),
        (found.not_finite, "not finite"),
    ):
        if names:
            are = "tensor is" if len(names) == 1 else "tensors are"
            faults.append(f"{len(names)} {are} {what} ({_some(names)}): fetch the files again")
    if found.known not in (None, found.total):
        faults.append(
            f"it has {found.total:,} parameters, and the published model {found.known:,}: the "
            "files are not those of that name"
        )
    return faults


def _device() -> tuple[str, int, int]:
    """Where a model would be loaded, how many bytes are there, and how many of them free."""
    import torch

    if torch.cuda.is_available():
        free, memory = torch.cuda.mem_get_info()
        return "cuda", int(memory), int(free)
    page = os.sysconf("SC_PAGE_SIZE")
    memory, free = (os.sysconf(name) * page for name in ("SC_PHYS_PAGES", "SC_AVPHYS_PAGES"))
    told = Path("/proc/meminfo")  # on Linux it also counts what the cache of files would give back
    lines = told.read_text().splitlines() if told.is_file() else []
    known = [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    return "cpu", memory, known[0] if known else free


def _licence_in(folder: Path) -> str:
    """What the model's own card says, if it is there."""
    card = folder / "README.md"
    if not card.is_file():
        return ""
    head = card.read_text("utf-8", "replace").split("\n---", 1)[0].splitlines()
    lines = [line.partition(":")[2].strip() for line in head if line.startswith("license:")]
    return lines[0].strip("'\"") if lines else ""


def _some(names: list[str]) -> str:
    more = f", and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
