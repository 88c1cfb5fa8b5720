"""Does relevance tell what is answered in a library from what is not?

    python tests/benchmarks/relevance.py FOLDER LIBRARY [FOLDER LIBRARY ...]

FOLDER as `quire eval` takes it; LIBRARY holds its PDFs. For each document in turn a copy of the
library is made without it. Questions about that document have no answer there, those about the
others have. Printed is the area under the ROC curve of `hits.relevance` in hybrid mode, and of the
score of the first hit: the probability that a question with an answer is given more than one
without. The mean over documents is weighted by how many questions each has. At most 30 of either
kind are asked of a copy.

Last result (27 November 2026, quire-mini version 1, 160 rows a page), relevance and raw score:
manuals .849 and .751, reports .796 and .634, filings .520 and .499, encyclopaedia .980 and .537;
mean .786 and .605. Filings all use the same words, and their long questions differ in little but
the company's name.
"""

import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from quire.engine import Library
from quire.engine.evaluate.asked import asked
from quire.engine.evaluate.folder import Question, read_folder

MOST = 30


def area(answered: Sequence[float], lost: Sequence[float]) -> float:
    """The area under the ROC curve: ties count half."""
    a, b = np.array(answered)[:, None], np.array(lost)[None]
    return float((a > b).mean() + (a == b).mean() / 2)


def judge(folder: Path, path: Path) -> list[tuple[float, float, float, float, int]]:
    questions, _ = asked(read_folder(folder))
    rng = np.random.default_rng(0)
    rows = []
    encoder = Library.open(path).encoder
    for stem in dict.fromkeys(question.doc for question in questions.questions):
        with tempfile.TemporaryDirectory() as passing:
            copy = Path(passing) / "library"
            shutil.copytree(path, copy, ignore=shutil.ignore_patterns("images"))
            library = Library.open(copy, encoder)
            library.delete([d.id for d in library.documents() if Path(d.paths[0]).stem == stem])

            def ask(some: Sequence[Question], library: Library = library) -> list[list[float]]:
                chosen = [some[i] for i in rng.permutation(len(some))[:MOST]]
                found = [library.search(question.text) for question in chosen]
                return [[hits.relevance, hits[0].score, float(hits.found)] for hits in found]

            answered = ask([q for q in questions.questions if q.doc != stem])
            lost = ask([q for q in questions.questions if q.doc == stem])
        if not answered or not lost:
            continue
        (relevance, raw, found), (relevance_, raw_, found_) = (
            zip(*answered, strict=True),
            zip(*lost, strict=True),
        )
        rows.append(
            (area(relevance, relevance_), area(raw, raw_), float(np.mean(found)),
             1 - float(np.mean(found_)), len(lost))
        )  # fmt: skip
    return rows


def main() -> None:
    print(f"{'':24} relevance  raw score  found if there  refused if not")
    means = []
    for folder, path in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
        rows = np.array(judge(Path(folder), Path(path)))
        mean = np.average(rows[:, :4], axis=0, weights=rows[:, 4])
        means.append(mean)
        print(f"{Path(folder).name:24}", *(f"{value:11.3f}" for value in mean), flush=True)
    print(f"{'mean':24}", *(f"{value:11.3f}" for value in np.mean(means, axis=0)))


if __name__ == "__main__":
    main()
