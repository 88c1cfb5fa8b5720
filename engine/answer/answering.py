"""From a question to a checked answer: retrieve, write, check, say what was found."""

import logging
from collections.abc import Iterator
from time import perf_counter

from ..errors import AnswerError
from ..search.hits import Hits
from .answer import Answer, Claim, Outcome
from .checking import check
from .claims import Splitter
from .events import Checked, Event, Finished, Retrieved, Written
from .evidence import NOT_THERE, Generator, choose

log = logging.getLogger(__name__)
LEAST_RELEVANCE = 0.3  # below it no generator is asked: nothing here answers
MOST_LETTERS = 20_000  # of an answer; what goes on beyond is cut


def answering(
    question: str,
    hits: Hits,
    generator: Generator,
    *,
    most: int,
    least: float = LEAST_RELEVANCE,
) -> Iterator[Event]:
    """See `Library.answering`. `hits` is what was retrieved, `most` how many pages may be shown.

    An AnswerError before the first letter is raised; after it the answer ends as INCOMPLETE.
    """
    began = perf_counter()
    relevance = hits.relevance
    pages = choose(hits, most)
    yield Retrieved(tuple(pages), relevance)
    text, note, outcome = "", "", Outcome.ANSWERED
    claims: list[Claim] = []

    def finish() -> Finished:
        seconds = perf_counter() - began
        found = (question, outcome, text, tuple(claims), tuple(pages), relevance, generator.name)
        return Finished(Answer(*found, note=note, seconds=seconds))

    if not pages or relevance < least:
        outcome = Outcome.NOT_FOUND
        note = f"no page is likely to answer this (relevance {relevance:.2f})"
        yield finish()
        return
    splitter = Splitter()
    try:
        for piece in _held_back(generator.write(question, pages)):
            if piece is None:
                outcome, note = Outcome.NOT_FOUND, "these pages do not answer it"
                yield finish()
                return
            text += piece
            yield Written(piece)
            for sentence in splitter.feed(piece):
                claims.append(check(sentence, pages))
                yield Checked(claims[-1])
            if len(text) > MOST_LETTERS:
                raise AnswerError(f"{generator.name} wrote more than {MOST_LETTERS} letters")
    except AnswerError as error:
        if not text:
            raise
        outcome, note = Outcome.INCOMPLETE, str(error)
    for sentence in splitter.close():
        claims.append(check(sentence, pages))
        yield Checked(claims[-1])
    if not text.strip():
        raise AnswerError(f"{generator.name} wrote nothing: ask again, or use another generator")
    yield finish()


def _held_back(pieces: Iterator[str]) -> Iterator[str | None]:
    """The pieces, once they can no longer become `NOT_THERE`; None in their place if they do."""
    begun, passed = "", False
    for piece in pieces:
        if passed:
            yield piece
            continue
        begun += piece
        if not NOT_THERE.startswith(_bare(begun)[: len(NOT_THERE)]):
            passed = True
            yield begun
    if not passed and begun.strip():
        yield None if _bare(begun).startswith(NOT_THERE) else begun


def _bare(text: str) -> str:
    return text.strip(" \n*\"'#.").upper()


def last_answer(events: Iterator[Event]) -> Answer:
    """The answer at the end of the events."""
    for event in events:
        if isinstance(event, Finished):
            return event.answer
    raise AssertionError("answering ends with Finished")
