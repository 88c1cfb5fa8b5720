"""Where reference inputs and outputs of other implementations lie, if this machine has them."""

import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

HOME = Path(os.environ.get("QUIRE_GOLDEN") or Path(__file__).parents[2] / "shared" / "golden")


def golden(name: str, file: str = "inputs/meta.json") -> Path:
    """The folder of one reference; the test that asks is skipped where there is none."""
    folder = HOME / name
    if not (folder / file).is_file():
        pytest.skip(f"no reference at {folder}: name a folder that holds it in QUIRE_GOLDEN")
    return folder


def told(folder: Path) -> dict[str, Any]:
    """What is asked, as plain values."""
    values: dict[str, Any] = json.loads((folder / "inputs" / "meta.json").read_text("utf-8"))
    return values


def tolerance(folder: Path) -> float:
    """Of one component in float32, as the reference's own text tells it."""
    return limit(folder, r"([\d.]+e-\d+) per component|Tolerance ([\d.]+e-\d+)", 2e-5)


def limit(folder: Path, told_as: str, otherwise: float) -> float:
    """A figure out of the reference's own text; `otherwise` where it has none."""
    readme = folder / "README.md"
    found = re.search(told_as, readme.read_text("utf-8")) if readme.is_file() else None
    return float(next(one for one in found.groups() if one)) if found else otherwise


def pictures(folder: Path, names: list[str], *, resized: bool = True) -> list[Image.Image]:
    """Pictures as the reference had resized them, or as they were before."""
    return [Image.open(folder / "inputs" / ("resized" if resized else "images") / n) for n in names]


def arrays(folder: Path, file: str) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = load_file(folder / file)
    return found
