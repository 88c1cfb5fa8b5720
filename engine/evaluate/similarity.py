"""Pairs of sentences with scores by people: does the dense vector agree with them?

pairs.jsonl or pairs.<language>.jsonl     `_id`, `sentence1`, `sentence2`, `score`
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ..encode.protocol import PageEncoder
from ..errors import EvaluationError
from .correlation import spearman_interval
from .lines import Line, json_lines, number, word
from .meter import Meter, Progress, silent
from .report import Report, Row
from .texts import BATCH, unit


def pair_files(path: str | Path) -> dict[str, Path]:
    """language -> file of pairs; the language of a plain `pairs.jsonl` is ""."""
    root = Path(path)
    plain = {"": root / "pairs.jsonl"} if (root / "pairs.jsonl").is_file() else {}
    return plain | {file.name.split(".")[1]: file for file in sorted(root.glob("pairs.*.jsonl"))}


def judge_pairs(
    path: str | Path,
    encoder: PageEncoder,
    *,
    task: str = "similarity",
    seed: int = 0,
    progress: Progress = silent,
) -> Report:
    """Spearman's correlation between cosine and score, a row a language.

    With several languages whose ids run parallel ("en-7" and "de-7"), the first sentence of the
    first language is also held against the second sentence of each other one. The expected value
    of a random similarity is 0, so no row is spent on it.
    """
    files = pair_files(path)
    if not files:
        raise EvaluationError(f"no pairs.jsonl or pairs.<language>.jsonl in {str(path)!r}")
    lines = {language: list(json_lines(file)) for language, file in files.items()}
    meter = Meter(progress, 2 * sum(len(found) for found in lines.values()))
    read = {
        language: _Pairs(files[language], found, encoder, task, meter.step)
        for language, found in lines.items()
    }
    groups = {language or "pairs": (pairs, pairs) for language, pairs in read.items()}
    anchor = "en" if "en" in read else next(iter(read))
    for language, pairs in read.items():
        if language != anchor and pairs.numbers == read[anchor].numbers:
            groups[f"{anchor}-{language}"] = (read[anchor], pairs)
    rows, answers = [], []
    for group, (left, right) in groups.items():
        cosine = np.sum(left.first * right.second, axis=1)
        figure = spearman_interval(cosine, right.scores, seed=seed)
        rows.append(Row(group, "dense", len(cosine), {"Spearman": figure}))
        answers += [
            {"group": group, "pair": name, "score": float(score), "cosine": float(value)}
            for name, score, value in zip(right.ids, right.scores, cosine, strict=True)
        ]
    name = Path(path).resolve().name
    return Report(name, tuple(rows), unit="pairs", answers=tuple(answers))


class _Pairs:
    """One file, encoded: unit vectors of both sides, scores, ids."""

    def __init__(
        self,
        path: Path,
        lines: list[tuple[str, Line]],
        encoder: PageEncoder,
        task: str,
        step: Callable[[int], None],
    ) -> None:
        if not lines:
            raise EvaluationError(f"{path} is empty: write one pair a line")
        self.ids = [word(line, "_id", where) for where, line in lines]
        self.numbers = [name.rpartition("-")[2] for name in self.ids]
        self.scores: Float[np.ndarray, " n"] = np.array(
            [number(line, "score", where) for where, line in lines]
        )
        sides = []
        for key in ("sentence1", "sentence2"):
            texts = [word(line, key, where) for where, line in lines]
            rows = []
            for start in range(0, len(texts), BATCH):
                batch = texts[start : start + BATCH]
                vectors = encoder.encode_query(batch, task=task, vectors="dense")
                rows += [unit(vector) for vector in vectors]
                step(len(batch))
            sides.append(np.stack(rows))
        self.first, self.second = sides
