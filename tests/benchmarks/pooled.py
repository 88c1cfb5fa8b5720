"""What fewer rows a page, and scans of codes, cost in nDCG@10 on real pages.

    python tests/benchmarks/pooled.py --library LIBRARY... --folder FOLDER...

The libraries hold every row of the PDFs of the evaluation folders, by quire-mini. Their pages are
put together into one library for each pooling, so that every question has the pages of all folders
to choose from, and asked by looks alone (mode="visual"), by each plan.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa

from quire.engine import Library
from quire.engine.encode.load import load_encoder
from quire.engine.encode.protocol import Vectors
from quire.engine.evaluate.folder import Folder, read_folder
from quire.engine.evaluate.measures import measure
from quire.engine.evaluate.shelf import shelve
from quire.engine.score.packed import offsets_of
from quire.engine.store.coding import update_codes
from quire.engine.store.layout import Layout
from quire.engine.store.lock import writing
from quire.engine.store.pages import flat_rows
from quire.engine.store.pooling import COMPACT, WHOLE, Pooling
from quire.engine.store.tables import Tables

POOLINGS = (WHOLE, Pooling(2), Pooling(3), Pooling(4), Pooling(most=160), COMPACT)
PLANS = ("exact", "int8", "bits", "pooled")
FEW_PLANS = ("exact", "bits")  # of pooled rows
BATCH = 64


def pooled(sources: Sequence[Path], folder: Path, pooling: Pooling, encoder: Any) -> Library:
    """A library of all pages of the sources, with fewer rows."""
    plans = PLANS if pooling == WHOLE else FEW_PLANS
    made = Library.open(folder, encoder, create=True, codes=plans[1:], pooling=pooling)
    into = Tables(Layout(folder.absolute()))
    with writing(into.layout):
        for source in sources:
            tables = Tables(Layout(source.absolute()))
            kept: dict[str, int] = {}
            for batch in tables.vectors.search().to_batches(BATCH):
                few, rows = _fewer(batch, pooling)
                kept |= dict(zip(batch.column("id").to_pylist(), rows, strict=True))
                into.vectors.add(few)
            pages = tables.pages.search().to_arrow()
            counts = pa.array([kept[page] for page in pages.column("id").to_pylist()], pa.int32())
            place = pages.schema.get_field_index("rows")
            into.pages.add(pages.set_column(place, pages.schema.field("rows"), counts))
            into.documents.add(tables.documents.search().to_arrow())
        into.pages.optimize()
        update_codes(into, made.manifest)
    return made


def _fewer(batch: pa.RecordBatch, pooling: Pooling) -> tuple[pa.Table, list[int]]:
    """The same pages, and how many rows they have now."""
    ends = np.cumsum(batch.column("rows").value_lengths().to_numpy())
    rows = flat_rows(batch.column("rows"), 128)
    cells = batch.column("cells").flatten().to_numpy()
    found = []
    for start, end in zip([0, *ends[:-1]], ends, strict=True):
        page = Vectors(rows[start:end], np.zeros(1, np.float32), cells[start:end], (1, 1))
        found.append(pooling.apply(page))
    counts = [len(page.multi) for page in found]
    flat = np.concatenate([page.multi for page in found]).astype(np.float16).reshape(-1)
    table = pa.table(batch)
    offsets = pa.array(offsets_of(np.array(counts)).astype(np.int32))
    for name, values in (
        ("rows", pa.FixedSizeListArray.from_arrays(pa.array(flat), 128)),
        # Places are not what is measured here: each row says the first of its cells.
        ("cells", pa.array(np.concatenate([_firsts(page) for page in found]), pa.int16())),
    ):
        place = table.schema.get_field_index(name)
        table = table.set_column(
            place, table.schema.field(name), pa.ListArray.from_arrays(offsets, values)
        )
    return table, counts


def _firsts(page: Vectors) -> np.ndarray:
    return page.cells[np.unique(page.looking, return_index=True)[1]]


def quality(library: Library, folder: Folder, plan: str) -> float:
    """Mean nDCG@10 over the questions that have judgements."""
    folder, shelf = shelve(folder, library)
    stems = {document.id: stem for stem, document in shelf.documents.items()}
    asked = [question for question in folder.questions if folder.judgements.get(question.id)]
    found = library.search_many([q.text for q in asked], k=10, mode="visual", plan=plan)
    rankings = {
        question.id: [f"{stems.get(hit.document.id, '')}#{hit.page}" for hit in hits]
        for question, hits in zip(asked, found, strict=True)
    }
    judged = {question.id: folder.judgements[question.id] for question in asked}
    return fmean(values["nDCG@10"] for values in measure(judged, rankings).values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", type=Path, nargs="+", required=True)
    parser.add_argument("--folder", type=Path, nargs="+", required=True)
    asked = parser.parse_args()
    encoder, folders = load_encoder("quire-mini"), [read_folder(str(f)) for f in asked.folder]
    names = [folder.name for folder in asked.folder]
    print("| rows kept | rows a page | plan |", " | ".join(names), "| mean |")
    print("|---|---|---|" + "---|" * (len(names) + 1))
    for pooling in POOLINGS:
        with TemporaryDirectory() as place:
            library = pooled(asked.library, Path(place) / "library", pooling, encoder)
            rows = Tables(Layout(library.path)).pages.search().select(["rows"]).to_arrow()
            mean = rows.column("rows").to_numpy().mean()
            for plan in ("exact", *library.manifest.codes):
                scores = [quality(library, folder, plan) for folder in folders]
                told = " | ".join(f"{score:.3f}" for score in [*scores, fmean(scores)])
                print(f"| {pooling} | {mean:.0f} | {plan} | {told} |", flush=True)


if __name__ == "__main__":
    main()
