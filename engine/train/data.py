"""A folder of examples to train on, as it lies on disk: `*.jsonl` or `*.jsonl.xz`, one a line.

{"query": "...", "positive": "..."}         a question, and a text (or code) that answers it
{"query": "...", "picture": "pages/7.png"}  ... or a picture of a page, by its path in the folder
    both may have "negatives": [...] and "negative_pictures": [...], known to be wrong answers
{"a": "...", "b": "...", "score": 3.5}      two texts and how alike they are
{"a": "...", "b": "..."}                    two texts that say the same
any may have a "group": a step learns from one group, so what is hard to tell apart, such as the
pages of one document, belongs into one
"""

import hashlib
import lzma
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quire.adapters.errors import AdapterError
from quire.adapters.train.examples import Example, Pair, Scored

from .line import BadLine, read_line
from .pupil import Picture

SHOWN = 20  # bad lines that an error names; it counts the others


@dataclass(frozen=True)
class Data:
    """`examples` in the order of the files' names and lines; `digest` tells their contents."""

    examples: tuple[Example, ...]
    digest: str

    def texts(self) -> Iterator[str]:
        """All texts that are trained on."""
        for example in self.examples:
            if isinstance(example, Scored):
                items: tuple[Any, ...] = (example.first, example.second)
            else:
                items = (example.query, example.right, *example.wrong)
            yield from (item for item in items if isinstance(item, str))

    def pictures(self) -> Iterator[Path]:
        """All pictures that are trained on, each once."""
        pairs = [e for e in self.examples if isinstance(e, Pair)]
        items = dict.fromkeys(i for pair in pairs for i in (pair.right, *pair.wrong))
        yield from (item.path for item in items if isinstance(item, Picture))


def read_data(folder: Path) -> Data:
    """The examples of a folder. `AdapterError` names every bad line, and what to do about it."""
    files = sorted([*folder.glob("*.jsonl"), *folder.glob("*.jsonl.xz")])
    if not files:
        raise AdapterError(
            f"{folder} holds no *.jsonl or *.jsonl.xz: name a folder with examples, one object a "
            'line, such as {"query": "...", "positive": "..."}'
        )
    examples: list[Example] = []
    bad: list[str] = []
    digest = hashlib.sha256()
    for file in files:
        for number, line in enumerate(_lines(file), 1):
            if not line.strip():
                continue
            digest.update(line.encode(errors="surrogateescape"))
            try:
                examples.append(read_line(line, folder))
            except BadLine as wrong:
                bad.append(f"{file.name}, line {number}: {wrong}")
    if bad:
        more = f";\nand {len(bad) - SHOWN} more" if len(bad) > SHOWN else ""
        raise AdapterError(
            f"{len(bad)} of {len(bad) + len(examples)} lines in {folder} cannot be used:\n"
            + ";\n".join(bad[:SHOWN])
            + more
        )
    return Data(tuple(examples), digest.hexdigest()[:16])


def _lines(file: Path) -> Iterator[str]:
    kind: Any = lzma.open if file.suffix == ".xz" else open
    try:
        with kind(file, "rt", encoding="utf-8", errors="surrogateescape") as lines:
            yield from lines
    except (lzma.LZMAError, EOFError) as error:
        raise AdapterError(f"{file} is damaged ({error}): fetch it again") from error
