"""What happens while a question is answered, in this order: one Retrieved, any number of Written
and Checked, one Finished."""

from dataclasses import dataclass

from ..search.hits import Hit
from .answer import Answer, Claim


@dataclass(frozen=True)
class Retrieved:
    """The pages that the generator is given; the first is [1]."""

    pages: tuple[Hit, ...]
    relevance: float


@dataclass(frozen=True)
class Written:
    """The next letters of the answer, with their [n]. Plain text, whatever it looks like."""

    text: str


@dataclass(frozen=True)
class Checked:
    """A sentence is whole, and its citations were looked at."""

    claim: Claim


@dataclass(frozen=True)
class Finished:
    """All is said. `answer` holds everything again."""

    answer: Answer


Event = Retrieved | Written | Checked | Finished
