"""A folder of documents as training data: pages with a text layer are asked what they say."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from quire.adapters.errors import AdapterError
from quire.ingest.budget import PixelBudget
from quire.ingest.failure import ReadFailed
from quire.ingest.find import Source, find
from quire.ingest.options import Reading
from quire.ingest.read import read

from .questions import questions_of

TRAIN, HELD = "learnt", "held-back"  # folders with one questions.jsonl each
PER_PAGE = 4  # questions
HELD_SHARE = 0.25  # of the documents, at least one
HELD_PAGES = 150  # at most, for each is encoded before and after
DONE = "documents.json"


def make_data(
    folder: Path,
    out: Path,
    budget: PixelBudget,
    *,
    sees: bool,
    seed: int,
    tell: Callable[[str], None],
) -> list[str]:
    """Fill `out` with two folders as `read_data` takes them, out of the documents in `folder`.

    Pages are drawn as they would be indexed and kept as PNG, or, for a model that reads text alone
    (not `sees`), as text. The questions of a document are one group. About a quarter of the
    documents is held back whole, at random by `seed`. What was made before of the same documents
    is kept. Returns the ids of all documents; raises `AdapterError` where fewer than two have a
    text layer.
    """
    found = find([folder]).documents
    told = {"documents": sorted(s.id for s in found), "budget": vars(budget), "seed": seed}
    told |= {"sees": sees}
    marker = out / DONE
    if marker.is_file() and json.loads(marker.read_text()) == told:
        return [source.id for source in found]
    lines: dict[str, list[dict[str, Any]]] = {}
    for source in found:
        name = Path(source.paths[0]).name
        try:
            lines[source.id] = _ask(source, out, budget, sees, seed)
            tell(f"{name}: {len(lines[source.id])} questions")
        except ReadFailed as error:
            tell(f"left out: {error}")
    asked = {name: own for name, own in lines.items() if own}
    if len(asked) < 2:
        raise AdapterError(
            f"{folder} holds {len(asked)} documents with a text layer, and two are needed, one to "
            "learn from and one to measure on: name a folder with more"
        )
    held = _held(sorted(asked), seed)
    rng = np.random.default_rng((seed, 1))
    for part, names in ((TRAIN, sorted(asked.keys() - set(held))), (HELD, held)):
        every = [line for name in names for line in asked[name]]
        if part == HELD:
            every = _some_pages(every, rng)
        (out / part).mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in every)
        (out / part / "questions.jsonl").write_text(text, encoding="utf-8", errors="replace")
    marker.write_text(json.dumps(told))
    return [source.id for source in found]


def _ask(
    source: Source, out: Path, budget: PixelBudget, sees: bool, seed: int
) -> list[dict[str, Any]]:
    """The lines of one document; its pages that are asked something are drawn into `out`."""
    pages = out / "pages"
    pages.mkdir(parents=True, exist_ok=True)
    lines = []
    with read(source, budget, how=Reading(ocr="never")) as opened:
        for page in opened:
            rng = np.random.default_rng((seed, page.number, int(source.id[:8], 16)))
            questions = questions_of(page, rng, PER_PAGE)
            if not questions:
                continue
            file = pages / f"{source.id[:16]}-{page.number}.png"
            if sees:
                page.image.save(file, compress_level=1)
            answer = {"picture": f"../pages/{file.name}"} if sees else {"positive": page.text}
            lines += [{"query": q, **answer, "group": source.id} for q in questions]
    return lines


def _held(names: Sequence[str], seed: int) -> list[str]:
    count = max(1, round(HELD_SHARE * len(names)))
    mixed = np.random.default_rng(seed).permutation(len(names))
    return sorted(names[i] for i in mixed[:count])


def _some_pages(lines: list[dict[str, Any]], rng: np.random.Generator) -> list[dict[str, Any]]:
    """The questions of at most HELD_PAGES pages."""
    by_page: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        by_page.setdefault(line.get("picture") or line["positive"], []).append(line)
    pages = list(by_page.values())
    chosen = sorted(rng.permutation(len(pages))[:HELD_PAGES].tolist())
    return [line for i in chosen for line in pages[i]]
