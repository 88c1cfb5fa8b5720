"""Where reference inputs and outputs of other implementations lie, if this machine has them."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

HOME = Path(os.environ.get("QUIRE_GOLDEN") or Path(__file__).parents[2] / "shared" / "golden")


def golden(name: str) -> Path:
    """The folder of one reference; the test that asks is skipped where there is none."""
    folder = HOME / name
    if not (folder / "inputs" / "meta.json").is_file():
        pytest.skip(f"no reference at {folder}: name a folder that holds it in QUIRE_GOLDEN")
    return folder


def told(folder: Path) -> dict[str, Any]:
    """What is asked, as plain values."""
    values: dict[str, Any] = json.loads((folder / "inputs" / "meta.json").read_text("utf-8"))
    return values


def arrays(folder: Path, file: str) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = load_file(folder / file)
    return found
