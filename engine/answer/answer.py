"""A written answer whose every claim points back to its page."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ..explain.region import Region
from ..search.hits import Hit


class Outcome(StrEnum):
    """How asking ended. The value is what JSON shows."""

    ANSWERED = "answered"
    NOT_FOUND = "not in your documents"
    INCOMPLETE = "incomplete"  # the generator broke off; what came before is kept


@dataclass(frozen=True)
class Citation:
    """One [n] of one claim, and whether the page bears it out.

    number: the n in [n]: the place of the page among `Answer.pages`, from 1.
    hit: the page, None for a number that no page has.
    region: the place on the page that speaks most for the claim, if there is any.
    quote: the words of the claim that were looked for on the page, "" when it quotes nothing.
    verified: the quote stands on the page or, without a quote, the region scores for the claim.
    reason: in one sentence, how that was seen, or what is wrong.
    """

    number: int
    hit: Hit | None
    region: Region | None
    quote: str
    verified: bool
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "number": self.number,
            "document": self.hit.document.id if self.hit else None,
            "name": self.hit.name if self.hit else None,
            "page": self.hit.page if self.hit else None,
            "region": self.region.as_dict() if self.region else None,
            "quote": self.quote,
            "verified": self.verified,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Claim:
    """One sentence of an answer, without its [n], and what it rests on."""

    text: str
    citations: tuple[Citation, ...]

    @property
    def supported(self) -> bool:
        """Whether at least one citation was verified."""
        return any(citation.verified for citation in self.citations)

    def as_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "text": self.text,
            "supported": self.supported,
            "citations": [citation.as_dict() for citation in self.citations],
        }


@dataclass(frozen=True)
class Answer:
    """What was answered, from which pages, and how far it can be relied on.

    text: as the generator wrote it, with [n]. Show it as plain text: it was written by a model
        from pages that anyone may have written.
    pages: what the generator was given; [n] is `pages[n - 1]`.
    relevance: in [0, 1], how likely these pages answer the question at all (`Hits.relevance`).
    generator: who wrote it.
    note: why there is no answer, or no whole one; "" when there is.
    """

    question: str
    outcome: Outcome
    text: str
    claims: tuple[Claim, ...]
    pages: tuple[Hit, ...]
    relevance: float
    generator: str
    note: str = ""
    seconds: float = 0.0

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The citations of all claims, in order."""
        return tuple(citation for claim in self.claims for citation in claim.citations)

    def as_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "question": self.question,
            "outcome": self.outcome.value,
            "text": self.text,
            "claims": [claim.as_dict() for claim in self.claims],
            "pages": [
                {
                    "number": number,
                    "document": hit.document.id,
                    "name": hit.name,
                    "path": hit.document.paths[0],
                    "page": hit.page,
                    "score": hit.score,
                    "relevance": hit.relevance,
                }
                for number, hit in enumerate(self.pages, start=1)
            ],
            "relevance": self.relevance,
            "generator": self.generator,
            "note": self.note,
            "seconds": self.seconds,
        }
