"""A trained adapter with the model that it was trained on, as one folder that an encoder loads."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path

from quire.adapters.lora import write_adapter

from ..encode.adapter import HEAD
from ..encode.base import base_of
from ..encode.families.registry import FAMILY_FILE, family_of
from ..encode.source import Source
from .pupil import Pupil

# Of the model itself; what trains it, pictures of its card and what git keeps is left behind.
KEPT = (
    "*.json",
    "*.safetensors",
    "*.bin",
    "*.pt",
    "*.txt",
    "*.model",
    "*.jinja",
    "*.md",
    "LICENSE*",
)
INNER = ("adapters", "1_Dense", "1_Pooling")


def finish(source: Source, pupil: Pupil, task: str, out: Path) -> None:
    """Write the model of `source` with the pupil's adapter into `out`, which may hold a run.

    The model's files are copied, so that the folder stands for itself: `out` loads whatever becomes
    of `source`. The family is written down, for it may have been known by the folder's name alone.
    A model that is an adapter on a base has the base copied into `base/`. Where `out` is the
    model's own folder, the adapter alone is added.
    """
    base = base_of(source)
    if out.resolve() != source.folder.resolve():
        _copy(source.folder, out)
        if base.folder != source.folder:
            _copy(base.folder, out / "base")
        family = family_of(source)
        (out / FAMILY_FILE).write_text(json.dumps(asdict(family), indent=2) + "\n")
    published = family_of(source).task_names.get(task, task)
    weights = {name.removeprefix(HEAD): weight for name, weight in pupil.weights.items()}
    write_adapter(out / "adapters" / published, weights, source.name or source.folder.name)


def _copy(folder: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    names = {file.name for pattern in KEPT for file in folder.glob(pattern) if file.is_file()}
    for name in sorted(names):
        shutil.copyfile(folder / name, out / name)  # what a link of the hub's cache points to
    for name in INNER:
        if (folder / name).is_dir():
            shutil.copytree(folder / name, out / name, dirs_exist_ok=True)
