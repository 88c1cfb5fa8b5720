"""Nothing that a model is judged by may have been in its training text."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..errors import AdapterError

WORDS = 13  # as GPT-3's and later contamination checks count (Brown et al. 2020, appendix C)
SHARE = 0.5  # of a judged text's word runs: law, idioms and boilerplate are shared honestly


def runs(text: str) -> Iterator[int]:
    """Hashes of all runs of 13 words, case and punctuation aside."""
    words = re.findall(r"\w+", text.lower())
    for i in range(len(words) - WORDS + 1):
        yield hash(" ".join(words[i : i + WORDS]))


def judged_texts(folder: Path) -> Iterator[tuple[str, str]]:
    """(where, text) of every passage and question under a folder of evaluation sets."""
    for path in sorted(folder.rglob("*.jsonl")):
        with path.open() as lines:
            for number, line in enumerate(lines, 1):
                record = json.loads(line)
                for key in ("text", "code", "a", "b", "sentence1", "sentence2"):
                    if isinstance(record.get(key), str):
                        yield f"{path.relative_to(folder)}:{number}", record[key]


def refuse_overlap(texts: Iterable[str], folder: Path) -> None:
    """Raise `AdapterError` if a judged text of at least 13 words stands in the training text.

    Stands means: half of its runs of 13 words or more occur in one. One pass over each side;
    memory grows with the judged texts only.
    """
    judged = {where: set(runs(text)) for where, text in judged_texts(folder)}
    wanted = set().union(*judged.values()) if judged else set()
    seen: set[int] = set()
    for text in texts:
        seen.update(r for r in runs(text) if r in wanted)
    for where, own in judged.items():
        if own and len(own & seen) >= SHARE * len(own):
            raise AdapterError(
                f"{where} of {folder} stands in the training text: leave the document it came "
                "from out, or the figures measured on that set mean nothing"
            )
