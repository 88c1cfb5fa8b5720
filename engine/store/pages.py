"""Pages and their vectors as table rows, and back."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int, Int16, UInt16

from quire.ingest.page import Page, Word

from ..encode.protocol import Vectors
from ..errors import EncodeError
from .schema import pages_schema, vectors_schema
from .sealing import seals_of
from .text import storable

if TYPE_CHECKING:
    import pyarrow as pa

BOX_UNITS = 65_535
NOBODY = np.zeros(0, np.int16)  # says of the cells of a page that there is one a row


@dataclass(frozen=True)
class StoredPage:
    """The heavy part of one page. Fields are those of `Page`, such as width in points."""

    vectors: Vectors
    words: tuple[Word, ...]
    width: float
    height: float
    engine: str = ""
    links: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def page_id(document: str, number: int) -> str:
    return f"{document}#{number}"


def page_rows(pages: Sequence[Page], vectors: "pa.Table", tasks: Sequence[str]) -> "pa.Table":
    """Rows of the `pages` table, but for the seals of the images. vectors: of `vector_rows`; tasks:
    that made them, one a page."""
    import pyarrow as pa

    columns = [
        [page_id(page.document, page.number) for page in pages],
        [page.document for page in pages],
        [page.number for page in pages],
        [storable(page.section) for page in pages],
        [storable(page.text) for page in pages],
        [page.ocr for page in pages],
        list(tasks),
        [len(rows) for rows in vectors.column("rows")],
        [one for batch in vectors.to_batches() for one in seals_of(batch)],
        [""] * len(pages),
    ]
    return pa.table(columns, schema=pages_schema())


def vector_rows(
    pages: Sequence[Page], vectors: Sequence[Vectors], dim: int, dense_dim: int
) -> "pa.Table":
    """Rows of the `vectors` table, rounded to float16. Raises EncodeError for unusable vectors."""
    import pyarrow as pa

    for page, item in zip(pages, vectors, strict=True):
        _check(page, item, dim, dense_dim)
    rows = np.concatenate([item.multi for item in vectors]).astype(np.float16)
    dense = np.stack([item.dense for item in vectors]).astype(np.float16)
    counts = [len(item.multi) for item in vectors]
    words = [[" ".join(word.text.split()) for word in page.words] for page in pages]
    boxes = [_pack_boxes(page.words) for page in pages]
    columns: list[Any] = [
        [page_id(page.document, page.number) for page in pages],
        [page.document for page in pages],
        _lists(pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), dim), counts),
        pa.FixedSizeListArray.from_arrays(pa.array(dense.reshape(-1)), dense_dim),
        _shorts([item.cells for item in vectors]),
        _shorts([NOBODY if item.owners is None else item.owners for item in vectors]),
        [item.grid[0] for item in vectors],
        [item.grid[1] for item in vectors],
        [page.width for page in pages],
        [page.height for page in pages],
        [storable("\n".join(own)) for own in words],
        _lists(pa.array(np.concatenate(boxes), pa.uint16()), [len(own) for own in boxes]),
        [page.engine for page in pages],
        [_extras(page) for page in pages],
    ]
    return pa.table(columns, schema=vectors_schema(dim, dense_dim))


def stored_page(row: "pa.RecordBatch") -> StoredPage:
    """The one row of the `vectors` table in `row`, widened to float32."""
    dense = row.column("dense").flatten().to_numpy().astype(np.float32)
    multi = flat_rows(row.column("rows"), row.column("rows").type.value_type.list_size)
    cells, owners = (row.column(n).flatten().to_numpy().copy() for n in ("cells", "owners"))
    names = ["grid_h", "grid_w", "width", "height", "words", "engine", "extras"]
    plain = row.select(names).to_pylist()[0]
    extras = json.loads(plain["extras"])
    boxes = row.column("boxes").flatten().to_numpy().reshape(-1, 4) / BOX_UNITS
    texts = plain["words"].split("\n") if len(boxes) else []
    words = tuple(
        Word(text, (float(x0), float(y0), float(x1), float(y1)))
        for text, (x0, y0, x1, y1) in zip(texts, boxes, strict=True)
    )
    return StoredPage(
        Vectors(
            multi.astype(np.float32),
            dense,
            cells,
            (plain["grid_h"], plain["grid_w"]),
            owners=owners if len(owners) else None,
        ),
        words,
        plain["width"],
        plain["height"],
        engine=plain["engine"],
        links=tuple(extras.get("links", ())),
        fields=tuple((name, value) for name, value in extras.get("fields", ())),
        notes=tuple(extras.get("notes", ())),
    )


def _extras(page: Page) -> str:
    extras = {"links": page.links, "fields": page.fields, "notes": page.notes}
    return storable(json.dumps({k: v for k, v in extras.items() if v}, ensure_ascii=False))


def flat_rows(lists: "pa.ListArray", dim: int) -> Float[np.ndarray, "r d"]:
    """list<fixed_size_list<float16, dim>> -> the rows of all pages, without a copy."""
    values: np.ndarray = lists.flatten().flatten().to_numpy(zero_copy_only=True)
    return values.reshape(-1, dim)


def _check(page: Page, item: Vectors, dim: int, dense_dim: int) -> None:
    looking = len(item.multi) if item.owners is None else len(item.owners)
    got = (item.multi.shape[1:], item.dense.shape, item.cells.shape)
    if got != ((dim,), (dense_dim,), (looking,)):
        raise EncodeError(
            f"page {page.number}: the encoder gave rows {item.multi.shape}, dense "
            f"{item.dense.shape} and cells {item.cells.shape}; the library holds rows of {dim}, "
            f"dense of {dense_dim} and one cell a row"
        )
    if not (np.isfinite(item.multi).all() and np.isfinite(item.dense).all()):
        raise EncodeError(
            f"page {page.number}: the encoder gave numbers that are not finite: "
            "run `quire doctor` on the encoder"
        )


def _pack_boxes(words: Sequence[Word]) -> UInt16[np.ndarray, " four_a_word"]:
    fractions = np.array([word.box for word in words], dtype=np.float64).reshape(-1)
    packed: UInt16[np.ndarray, " four_a_word"] = np.round(fractions.clip(0, 1) * BOX_UNITS).astype(
        np.uint16
    )
    return packed


def _shorts(items: Sequence[Int16[np.ndarray, " n"]]) -> "pa.Array":
    import pyarrow as pa

    return _lists(pa.array(np.concatenate(items), pa.int16()), [len(item) for item in items])


def _lists(values: "pa.Array", counts: Sequence[int] | Int[np.ndarray, " n"]) -> "pa.Array":
    import pyarrow as pa

    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values)
