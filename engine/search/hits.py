"""What a search found."""

import base64
import html
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from quire.ingest.block import Block
from quire.ingest.document import Document

from ..explain.mapping import heatmap
from ..explain.ranking import rank_regions
from ..store.pages import StoredPage
from ..store.text import storable
from .asked import Asked
from .plan import Plan

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..explain.heatmap import Heatmap
    from ..explain.region import Region

THUMBNAIL = (180, 240)  # pixels, at most
LOOKED_AT = 3  # hits whose relevance makes that of all
ENOUGH = 0.5  # relevance from which an answer is likelier than none
SNIPPET = 48  # characters of a name or section in a printed table


@dataclass(frozen=True)
class Hit:
    """A page with its score and the reasons for it.

    page: counted from 1. score: of the mode: a MaxSim (moved where code and pictures stand in one
    list, see `by_looks`), a BM25, or a sum of standardised scores; of the reranker where there was
    one (see `search/rerank.py`).
    reasons: list ("visual", "code", "text") -> {"score", "rank"}; rank from 1 among the pages in
    scope, of "rerank" among those it read. A list that says nothing about the page is not there:
    source code that was encoded for the task `code` is in "code", all other pages in "visual".
    ocr: what read `text` off the picture; "" where it is the file's own.
    """

    document: Document
    page: int
    score: float
    text: str
    section: str
    metadata: dict[str, Any]
    reasons: dict[str, dict[str, float]]
    _load_image: "Callable[[], Image]" = field(repr=False, compare=False)
    _load_stored: Callable[[], StoredPage] = field(repr=False, compare=False)
    _load_blocks: Callable[[], Sequence[Block]] = field(repr=False, compare=False)
    _asked: Asked = field(repr=False, compare=False)
    ocr: str = ""

    @property
    def name(self) -> str:
        """The file's name, without folders, in printable Unicode."""
        return storable(Path(self.document.paths[0]).name)

    def image(self) -> "Image":
        """The page as it was encoded, RGB. Raises EngineError when its file is gone."""
        return self._load_image()

    def stored(self) -> StoredPage:
        """The page's vectors, cells and words, read from disk."""
        return self._load_stored()

    @cached_property
    def relevance(self) -> float:
        """How likely the page answers the question, in [0, 1]; comparable between the questions
        that are asked of one library. See `explain/calibration.py`."""
        return self._asked.relevance(self.text, self.stored)

    def about(self, text: str) -> "Hit":
        """The same page, with its relevance, heat map and regions for another question or claim."""
        return replace(self, _asked=self._asked.instead(storable(text)))

    def covers(self, text: str) -> float:
        """The share of what was asked, by the rarity of its words, that the best passage of a text
        holds: in [0, 1]."""
        return self._asked.covers(text)

    def heatmap(self) -> "Heatmap":
        """Where on the page the words of the question are seen."""
        return heatmap(self._asked.question, self.stored(), self.image)

    def regions(self, k: int = 3) -> "list[Region]":
        """The k places of the page that speak most for the question, best first; fewer, or none,
        where no more do. The first time a page of a PDF takes a second or two: its paragraphs,
        tables and pictures are found, and then kept in the library."""
        question, page = self._asked.question, self.stored()
        if not question.words:
            return []  # searched with a picture
        blocks = self._load_blocks() if page.words else ()  # a scan has none
        return rank_regions(question, page, blocks, self.image, k)

    def crop(self) -> "Image":
        """The picture of the best region; the whole page where none speaks."""
        found = self.regions(1)
        return found[0].crop() if found else self.image()


class Hits(Sequence[Hit]):
    """Hits, best first. k: how many were asked for; there are fewer if no more were found."""

    def __init__(self, query: str, k: int, plan: Plan, hits: Sequence[Hit]) -> None:
        self.query = query
        self.k = k
        self.plan = plan
        self._hits = tuple(hits)

    @cached_property
    def relevance(self) -> float:
        """How likely the best of these pages answers the question, in [0, 1]: the highest of the
        first three. 0 for no hits."""
        return max((hit.relevance for hit in self._hits[:LOOKED_AT]), default=0.0)

    @property
    def found(self) -> bool:
        """Whether it is more likely than not that these pages answer: relevance >= 0.5. If not,
        the honest answer is "not in your documents"."""
        return self.relevance >= ENOUGH

    def __len__(self) -> int:
        return len(self._hits)

    @overload
    def __getitem__(self, index: int) -> Hit: ...
    @overload
    def __getitem__(self, index: slice) -> "Hits": ...
    def __getitem__(self, index: int | slice) -> "Hit | Hits":
        if isinstance(index, slice):
            return Hits(self.query, self.k, self.plan, self._hits[index])
        return self._hits[index]

    def __iter__(self) -> Iterator[Hit]:
        return iter(self._hits)

    def __str__(self) -> str:
        """A table for the terminal."""
        head = f"{_short(self.query, 2 * SNIPPET)!r}\n{self.plan}"
        if not self._hits:
            return f"{head}\nno page found"
        rows = [("", "score", "page", "document", "section")]
        for i, hit in enumerate(self._hits, start=1):
            names = (_short(hit.name, SNIPPET), _short(hit.section, SNIPPET))
            rows.append((str(i), f"{hit.score:.3f}", str(hit.page), *names))
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        lines = [
            f"{place:>{widths[0]}}  {score:>{widths[1]}}  {page:>{widths[2]}}  "
            f"{name:<{widths[3]}}  {section}".rstrip()
            for place, score, page, name, section in rows
        ]
        return "\n".join([head, *lines])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Thumbnails for a notebook."""
        cards = "".join(_card(place, hit) for place, hit in enumerate(self._hits, start=1))
        return (
            f"<div><b>{html.escape(_short(self.query, 4 * SNIPPET))}</b>"
            f"<div style='color:#666;font-size:85%'>{html.escape(str(self.plan))}</div>"
            f"<div style='display:flex;flex-wrap:wrap;gap:12px;margin-top:8px'>"
            f"{cards or 'no page found'}</div></div>"
        )


def _card(place: int, hit: Hit) -> str:
    where = html.escape(f"{hit.name}, page {hit.page}")
    return (
        f"<div style='width:{THUMBNAIL[0]}px;font-size:85%;overflow-wrap:anywhere'>"
        f"<img alt='{where}' title='{html.escape(hit.section)}' "
        f"style='max-width:100%;border:1px solid #ccc' src='{_thumbnail(hit.image())}'>"
        f"<div><b>{place}.</b> {where}</div><div style='color:#666'>{hit.score:.3f}</div></div>"
    )


def _thumbnail(image: "Image") -> str:
    """A data address, so that the notebook needs no files."""
    image.thumbnail(THUMBNAIL)
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _short(text: str, limit: int) -> str:
    """One line of at most `limit` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
