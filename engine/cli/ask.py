"""`quire ask`: a question in, an answer with its pages out."""

from typing import TYPE_CHECKING, Annotated

import typer

from . import output
from .exits import SOME_FAILED
from .options import DEFAULT_LIBRARY, JsonOption, LibraryOption, ModelOption
from .search import Mode

if TYPE_CHECKING:
    from ..answer.answer import Answer, Citation


def ask(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="One question, quoted.")],
    generator: Annotated[
        str,
        typer.Option(
            "--generator",
            metavar="NAME_OR_PATH",
            help="Who writes: extractive (quotes, needs no model), server (the one that "
            "OPENAI_BASE_URL names; it is sent the pages), or the folder of a Qwen2.5-VL model.",
        ),
    ] = "extractive",
    k: Annotated[int, typer.Option("-k", help="How many pages may be used.")] = 4,
    mode: Annotated[
        Mode, typer.Option("--mode", help="By looks (visual), by words (text), or by both.")
    ] = Mode.HYBRID,
    where: Annotated[
        str | None,
        typer.Option("--where", metavar="SQL", help="Only pages for which this holds."),
    ] = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer QUESTION from the pages of the library, and say where each sentence stands.

    "Not in your documents" is an answer too (exit code 0). An answer that broke off ends with 1.
    """
    from ..answer.choosing import generator_of
    from .opening import open_library

    writer = generator_of(generator)
    opened = open_library(library, model)
    answer = opened.answer(question, writer, where=where, mode=mode.value, k=k)
    if as_json:
        output.result_json(answer.as_dict())
    else:
        _print(answer)
    if answer.outcome == "incomplete":
        raise typer.Exit(SOME_FAILED)


def _print(answer: "Answer") -> None:
    if answer.outcome == "not in your documents":
        output.result(f"Not in your documents: {answer.note}.")
    for claim in answer.claims:
        numbers = "".join(f" [{citation.number}]" for citation in claim.citations)
        doubt = "" if claim.supported else "   (not verified)"
        output.result(f"{printable(claim.text)}{numbers}{doubt}")
    seen = {citation.number: citation for citation in reversed(answer.citations)}
    if seen:
        output.result("")
    for number in sorted(seen):
        output.result(f"[{number}] {_place(seen[number])}")
    if answer.outcome == "incomplete":
        output.note(f"The answer broke off: {printable(answer.note)}.")


def _place(citation: "Citation") -> str:
    if citation.hit is None:
        return citation.reason
    told = f"{citation.hit.name}, page {citation.hit.page}"
    if citation.region is not None:
        x0, y0, x1, y1 = (round(100 * value) for value in citation.region.box)
        told += f" ({citation.region.kind} at {x0},{y0} to {x1},{y1} % of the page)"
    return told if citation.verified else f"{told}: {citation.reason}"


def printable(text: str) -> str:
    """The text without control characters: a model's words must not steer a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
