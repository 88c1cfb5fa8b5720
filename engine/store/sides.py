"""What the rows of a page are made of: its picture, its text, or both.

Pictures and texts share one space, so a page that has text can be found by rows of either kind.
"""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from quire.adapters.tasks import RETRIEVAL
from quire.ingest.page import Page

from ..encode.protocol import PageEncoder, Vectors
from ..errors import EncodeError

Side = Literal["pixels", "text", "both"]
PIXELS: Side = "pixels"
TEXT: Side = "text"
# Letters of text that are encoded at once: about 130 English words, below every model's limit
# also where a letter is a token.
PIECE = 800


def check_side(side: str) -> Side:
    """`side`, if it is one; else EncodeError says which there are."""
    for known in get_args(Side):
        if side == known:
            found: Side = known
            return found
    raise EncodeError(f"rows={side!r}: choose one of {', '.join(get_args(Side))}")


def encode_pages(
    encoder: PageEncoder, pages: Sequence[Page], side: Side, task: str = RETRIEVAL
) -> list[Vectors]:
    """The vectors of pages, by `side`. A page without text is encoded by its picture.

    "both" has the rows of the picture and then those of the text, which look at no cell; the dense
    vector is then the mean of the two, at unit length. Text is encoded in pieces (see `pieces`);
    its dense vector is the mean of theirs.
    """
    texts = [pieces(page.text) if side != PIXELS else [] for page in pages]
    seen: dict[int, Vectors] = {}
    pictured = [i for i, own in enumerate(texts) if not own or side == "both"]
    if pictured:
        found = encoder.encode_document([pages[i] for i in pictured], task=task, vectors="both")
        seen = dict(zip(pictured, found, strict=True))
    every = [piece for own in texts for piece in own]
    read = iter(encoder.encode_document(every, task=task, vectors="both") if every else [])
    out = []
    for i, own in enumerate(texts):
        parts = [seen[i]] if i in seen else []
        if own:
            parts.append(_joined([next(read) for _ in own]))
        out.append(_joined(parts))
    return out


def pieces(text: str) -> list[str]:
    """The text in pieces of at most PIECE letters, cut at blanks where there are any; none of
    blank text."""
    found, rest = [], text.strip()
    while len(rest) > PIECE:
        cut = max(rest.rfind(blank, PIECE // 2, PIECE) for blank in ("\n", " "))
        cut = cut if cut > 0 else PIECE
        found.append(rest[:cut].strip())
        rest = rest[cut:].strip()
    return [*found, rest] if rest else found


def _joined(parts: Sequence[Vectors]) -> Vectors:
    """All rows, and the mean of the dense vectors; the cells of the first part."""
    if len(parts) == 1:
        return parts[0]
    dense = np.mean([part.dense for part in parts], axis=0)
    return Vectors(
        multi=np.concatenate([part.multi for part in parts]),
        dense=(dense / max(float(np.linalg.norm(dense)), 1e-12)).astype(np.float32),
        cells=np.concatenate([part.cells for part in parts]),
        grid=parts[0].grid,
    )
