"""`quire search`: queries in, pages out."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from . import output
from .exits import UsageError
from .options import DEFAULT_LIBRARY, JsonOption, LibraryOption, ModelOption

if TYPE_CHECKING:
    from ..search.hits import Hits


class Mode(StrEnum):
    """What a page is found by."""

    AUTO = "auto"
    VISUAL = "visual"
    TEXT = "text"
    HYBRID = "hybrid"


class Fusion(StrEnum):
    """How hybrid search joins its lists."""

    SCORE = "score"
    RANK = "rank"


FusionOption = Annotated[
    Fusion, typer.Option("--fusion", help="How hybrid joins its lists: by score or by rank.")
]


def search(
    queries: Annotated[
        list[str], typer.Argument(metavar="QUERY", help="One or more questions, each quoted.")
    ],
    k: Annotated[int, typer.Option("-k", help="How many pages a query may return.")] = 10,
    mode: Annotated[
        Mode,
        typer.Option(
            "--mode", help="By looks (visual), by words (text), or by both (auto: if any has text)."
        ),
    ] = Mode.AUTO,
    plan: Annotated[
        Literal["auto", "exact", "int8", "bits", "pooled"],
        typer.Option(
            "--plan",
            help="Score every page by looks (exact), or the best of a scan of these codes.",
        ),
    ] = "auto",
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Tell the steps, with rows, bytes and milliseconds."),
    ] = False,
    where: Annotated[
        str | None,
        typer.Option("--where", metavar="SQL", help="Only pages for which this holds."),
    ] = None,
    fusion: FusionOption = Fusion.SCORE,
    rerank: Annotated[
        str | None,
        typer.Option(
            "--rerank", metavar="NAME_OR_PATH", help="Let this reranker order the best pages."
        ),
    ] = None,
    rerank_top: Annotated[
        int | None,
        typer.Option("--rerank-top", metavar="N", help="How many pages it reads, at least -k."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="PICTURE", help="Draw the pages found: .png, .jpg, .webp."),
    ] = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find the pages that answer each QUERY."""
    if out is not None:
        _check_picture(out)
    from .opening import open_library

    opened = open_library(library, model, encoder=mode is not Mode.TEXT)
    found = [
        (
            query,
            opened.search(
                query,
                k=k,
                where=where,
                mode=mode.value,
                plan=plan,
                fusion=fusion.value,
                rerank=rerank,
                rerank_top=rerank_top,
            ),
        )
        for query in queries
    ]
    if out is not None:
        _draw(found, out)
        output.note(f"Drew {out}.")
    if as_json:
        output.result_json(
            {
                "queries": [
                    {"query": q, **_plan(hits, explain), "hits": [as_dict(hit) for hit in hits]}
                    for q, hits in found
                ]
            }
        )
        return
    for query, hits in found:
        if len(found) > 1:
            output.result(f"{query}")
        for place, hit in enumerate(hits, start=1):
            section = f"   {hit.section}" if hit.section else ""
            output.result(f"{place:>3}  {hit.score:8.3f}  {hit.name}, page {hit.page}{section}")
        if not hits:
            output.note(f"No page found for {query!r}: try other words, or --mode visual.")
        if explain:
            output.result(hits.plan.explain())


def as_dict(hit: Any) -> dict[str, Any]:
    """A hit as plain values: where it stands, its score and why, and what the page says."""
    return {
        "document": hit.document.id,
        "path": hit.document.paths[0],
        "title": hit.document.title,
        "page": hit.page,
        "score": float(hit.score),
        "section": hit.section,
        "metadata": hit.metadata,
        "reasons": hit.reasons,
        "text": hit.text,
        "ocr": hit.ocr,
    }


def _plan(hits: "Hits", explain: bool) -> dict[str, Any]:
    return {"plan": hits.plan.as_dict()} if explain else {}


def _check_picture(path: Path) -> None:
    """Refuse before searching what could not be written after it."""
    if path.suffix.lower() not in (".png", ".jpg", ".jpeg", ".webp"):
        raise UsageError(f"--out {str(path)!r}: end it in .png, .jpg or .webp")
    if not path.parent.is_dir():
        raise UsageError(f"--out {str(path)!r}: there is no folder {str(path.parent)!r}, make it")


def _draw(found: list[tuple[str, Any]], path: Path) -> None:
    from ..search.sheet import COLUMNS, Strip, Tile, draw_sheet

    strips = [
        Strip(
            query,
            [Tile(hit.image(), hit.name, hit.page, hit.score) for hit in hits[:COLUMNS]],
        )
        for query, hits in found
    ]
    draw_sheet(strips).save(path)
