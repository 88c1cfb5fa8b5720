"""Do the best regions of a page hold the answer? On folders whose questions have their answers.

    python tests/benchmarks/regions.py FOLDER LIBRARY [FOLDER LIBRARY ...]

FOLDER as `quire eval` takes it, with `answer` in queries.jsonl; LIBRARY holds its PDFs. Counted are
hits among the best ten whose page is judged relevant and has the answer, word by word, in its text
layer; answers of one or two letters and yes and no are left out, for they stand everywhere. The
best three regions hold the answer when all its words lie in them. Beside it: boxes of the same
sizes at random places (the mean of twenty throws), and regions from what is seen alone.

Last result (27 November 2026, quire-mini version 1, 160 rows a page): of 117 hits .846 by the best
three, .718 by looks alone, .076 by random boxes; manuals (78 hits) .910, filings (23) .913,
encyclopaedia (8) .500, reports (8) .375. The three cover .088 of the page. With all rows .863 by
the best three, .786 by looks alone.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from quire.engine import Library
from quire.engine.evaluate.asked import asked
from quire.engine.evaluate.folder import read_folder
from quire.engine.explain.ranking import rank_regions
from quire.engine.explain.words import words
from quire.engine.search.hits import Hit
from quire.ingest.page import Box

EVERYWHERE = {"yes", "no", "none", "auto", "loss"}
THROWS = 20


def places_of(answer: str, hit: Hit) -> list[list[Box]]:
    """The boxes of the answer's words, for each time that it stands on the page."""
    wanted = [word.key for word in words(answer)]
    if len("".join(wanted)) < 3 or "".join(wanted) in EVERYWHERE:
        return []
    page = hit.stored().words
    have = [(word.key, own.box) for own in page for word in words(own.text)]
    starts = range(len(have) - len(wanted) + 1)
    return [
        [box for _, box in have[i : i + len(wanted)]]
        for i in starts
        if [key for key, _ in have[i : i + len(wanted)]] == wanted
    ]


def held(places: Sequence[Sequence[Box]], boxes: Sequence[Box]) -> bool:
    """Whether all words of one of the places have their middle in some box."""

    def inside(word: Box) -> bool:
        x, y = (word[0] + word[2]) / 2, (word[1] + word[3]) / 2
        return any(x0 <= x <= x1 and y0 <= y <= y1 for x0, y0, x1, y1 in boxes)

    return any(all(map(inside, place)) for place in places)


def thrown(boxes: Sequence[Box], rng: np.random.Generator) -> list[Box]:
    """The boxes at random places."""
    out = []
    for x0, y0, x1, y1 in boxes:
        x, y = rng.uniform(0, 1 - (x1 - x0)), rng.uniform(0, 1 - (y1 - y0))
        out.append((x, y, x + x1 - x0, y + y1 - y0))
    return out


def judge(folder: Path, library: Library, rng: np.random.Generator) -> list[list[float]]:
    lines = (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    answers = {line["_id"]: str(line.get("answer", "")) for line in map(json.loads, lines)}
    questions, _ = asked(read_folder(folder))
    rows = []
    for question in questions.questions:
        relevant = {p for p, grade in questions.judgements[question.id].items() if grade >= 1}
        for hit in library.search(question.text):
            if f"{Path(hit.document.paths[0]).stem}#{hit.page}" not in relevant:
                continue
            places = places_of(answers[question.id], hit)
            if not places:
                continue
            boxes = [region.box for region in hit.regions()]
            page = hit.stored()
            blind = replace(page, words=())
            blocks = hit._load_blocks()
            seen = rank_regions(hit._asked.question, blind, blocks, hit.image)
            random = np.mean([held(places, thrown(boxes, rng)) for _ in range(THROWS)])
            area = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in boxes)
            by_looks = held(places, [region.box for region in seen])
            rows.append([held(places, boxes), by_looks, float(random), area])
    return rows


def main() -> None:
    rng = np.random.default_rng(0)
    every = []
    print(f"{'':24} hits  best three  by looks alone  random boxes  share of the page")
    for folder, path in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
        rows = judge(Path(folder), Library.open(path), rng)
        every += rows
        if rows:
            show(Path(folder).name, rows)
    show("all", every)


def show(name: str, rows: list[list[float]]) -> None:
    best, seen, random, area = np.mean(np.array(rows, dtype=float), axis=0)
    print(f"{name:24} {len(rows):4}  {best:10.3f}  {seen:14.3f}  {random:12.3f}  {area:17.3f}")


if __name__ == "__main__":
    main()
