"""Text to draw sheets with: JSON lines that carry `text` and perhaps `lang`."""

import json
import lzma
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import AdapterError

# What version 0 reads. Scripts other than Latin need many more pieces than it has.
LANGUAGES = ("en", "de", "fr", "es", "it", "pt")


def json_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a `.jsonl` or `.jsonl.xz` file, one a line."""
    with lzma.open(path, "rt") if path.suffix == ".xz" else path.open() as lines:
        for line in lines:
            yield json.loads(line)


def load_prose(folder: Path, languages: Sequence[str] = LANGUAGES, seed: int = 0) -> list[str]:
    """The texts of `prose*.jsonl(.xz)` in a folder that are in one of the languages, shuffled."""
    files = sorted(folder.glob("prose*.jsonl*"))
    if not files:
        raise AdapterError(
            f"no training text: {folder} holds no prose*.jsonl or prose*.jsonl.xz; pass --text the "
            'folder that has them (one object a line: {"text": ..., "lang": ...})'
        )
    wanted = set(languages)
    texts = [r["text"] for f in files for r in json_lines(f) if r.get("lang", "en") in wanted]
    np.random.default_rng(seed).shuffle(texts)
    return texts
