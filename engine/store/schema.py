"""The columns of the four tables.

documents  one row per document that is there: whoever has a row here is visible, whole.
pages      one row per page, light: text and what a filter looks at. Rewritten after every run.
vectors    one row per page, heavy (0.2 MB): vectors, cells, words. Compacting it writes it all
           again, so it has its own table and is compacted seldom.

failures   one row per file, or page of a document, that could not be read, and why.

Each table has a non-null primary key. Without one, LanceDB lets concurrent upserts of equal keys
duplicate rows silently (github.com/lancedb/lancedb/issues/3377).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

# Words that are not looked for: those of Lucene's English analyser (Apache-2.0), and those that
# questions are asked with. Over whole folders of PDFs they gain .03 nDCG@10. The list that comes
# with "icu" joins those of many languages, so that "cat" is not found.
STOP_WORDS = tuple(
    (  # noqa: SIM905 (a paragraph reads better than fifty lines)
        "a an and are as at be but by for if in into is it no not of on or such that the their "
        "then there these they this to was will with "
        "can could did do does from had has have how should were what when where which who whom "
        "whose why would"
    ).split()
)

# Which key of a field's metadata makes a column the primary key at the table's creation.
PRIMARY_KEY = {"lance-schema:unenforced-primary-key:position": "1"}


def documents_schema() -> "pa.Schema":
    import pyarrow as pa

    return pa.schema(
        [
            _key(),
            pa.field("paths", pa.list_(pa.binary())),  # bytes: names need not be UTF-8
            pa.field("kind", pa.string()),
            pa.field("pages", pa.int32()),
            pa.field("title", pa.string()),
            pa.field("size", pa.int64()),
            pa.field("missing", pa.list_(pa.int32())),  # pages that could not be read
            pa.field("engine", pa.string()),  # library and version that opened it
            pa.field("info", pa.string()),  # JSON object: what the file says about itself
            pa.field("metadata", pa.string()),  # JSON object
            pa.field("added", pa.string()),  # ISO 8601, UTC; new whenever pages are written anew
        ]
    )


def pages_schema() -> "pa.Schema":
    import pyarrow as pa

    return pa.schema(
        [
            _key(),  # "<document>#<number>"
            pa.field("document", pa.string()),
            pa.field("number", pa.int32()),
            pa.field("section", pa.string()),
            pa.field("text", pa.string()),
            pa.field("ocr", pa.string()),  # what read the text off the picture; "" for its own
            pa.field("task", pa.string()),  # of the encoder, that made the vectors
            pa.field("rows", pa.int32()),  # how many rows `vectors` holds for the page
            pa.field("vector_seal", pa.string()),  # of the page's row of `vectors`, see sealing.py
            pa.field("image_seal", pa.string()),  # of the bytes of its image
        ]
    )


def vectors_schema(dim: int, dense_dim: int) -> "pa.Schema":
    import pyarrow as pa

    return pa.schema(
        [
            _key(),
            pa.field("document", pa.string()),
            pa.field("rows", pa.list_(pa.list_(pa.float16(), dim))),
            pa.field("dense", pa.list_(pa.float16(), dense_dim)),
            pa.field("cells", pa.list_(pa.int16())),
            pa.field("owners", pa.list_(pa.int16())),  # the row of each cell; empty: one each
            pa.field("grid_h", pa.int16()),
            pa.field("grid_w", pa.int16()),
            pa.field("width", pa.float32()),
            pa.field("height", pa.float32()),
            pa.field("words", pa.string()),  # one word a line
            pa.field("boxes", pa.list_(pa.uint16())),  # 4 a word, in 65535ths of the page
            pa.field("engine", pa.string()),  # library and version that drew the page
            pa.field("extras", pa.string()),  # JSON object: links, fields and notes on the page
        ]
    )


def failures_schema() -> "pa.Schema":
    import pyarrow as pa

    return pa.schema(
        [
            _key(),  # the document's id, else its path, and the page
            pa.field("document", pa.string()),  # "" where the bytes were never read
            pa.field("path", pa.binary()),
            pa.field("page", pa.int32()),  # 0: the whole file
            pa.field("kind", pa.string()),
            pa.field("reason", pa.string()),
            pa.field("tried", pa.string()),  # with which limits and programs
            pa.field("at", pa.string()),  # ISO 8601, UTC
        ]
    )


def _key() -> "pa.Field":
    import pyarrow as pa

    return pa.field("id", pa.string(), nullable=False, metadata=PRIMARY_KEY)


def text_index() -> Any:
    """How page text is cut into words.

    "icu/split" cuts by dictionary where a script writes no blanks, and at apostrophes and hyphens
    elsewhere: questions find Chinese and Japanese paragraphs (nDCG@10 .99 and .94; splitting at
    blanks .19 and .18) and French ones (.83). No stemming: it gained on prose (+.02), lost on
    filings and encyclopedia pages (-.01 to -.03).
    """
    from lancedb.index import FTS

    return FTS(
        base_tokenizer="icu/split",
        stem=False,
        remove_stop_words=True,
        custom_stop_words=list(STOP_WORDS),
        ascii_folding=True,
        with_position=False,
    )
