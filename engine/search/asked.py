"""The question of one search, prepared when something of it is first to be explained."""

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
from jaxtyping import Float

from quire.adapters.tasks import RETRIEVAL

from ..encode.protocol import PageEncoder
from ..explain.calibration import USUAL_SEEN, Calibration, calibrate
from ..explain.coverage import read_coverage, seen_coverage
from ..explain.evidence import seen_maps
from ..explain.question import Question, Span, ask
from ..explain.rarity import Rarity
from ..explain.words import content_words
from ..store.contents import Contents
from ..store.pages import StoredPage


class Background:
    """What is usual in a library at one moment; each part is worked out when it is first needed."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents

    @cached_property
    def rarity(self) -> Rarity:
        return Rarity(self._contents.texts)

    @cached_property
    def calibration(self) -> Calibration:
        return calibrate(self._contents.texts, self._contents.owner.tolist(), self.rarity)


# A text -> its query rows, and rows of the library to compare them with.
See = Callable[[str], tuple[Float[np.ndarray, "q d"], Float[np.ndarray, "sample d"]]]


class Asked:
    """What was asked of the pages of a library that one task made."""

    def __init__(
        self,
        text: str,
        background: Background,
        see: See,
        encoder: Callable[[], PageEncoder],
        task: str = RETRIEVAL,
    ) -> None:
        self.text, self.background, self.task = text, background, task
        self._see, self._encoder = see, encoder

    def instead(self, text: str) -> "Asked":
        """Something else, asked of the same library."""
        return Asked(text, self.background, self._see, self._encoder, self.task)

    @cached_property
    def question(self) -> Question:
        """With its rows: this loads the encoder, if the search itself did without."""
        rows, library = self._see(self.text)
        spans = spans_of(self._encoder(), self.text, len(rows), self.task)
        return ask(self.text, self.background.rarity, rows, spans, library)

    def relevance(self, text: str, page: Callable[[], StoredPage]) -> float:
        """How likely a page answers the question, in [0, 1], from its text layer; from what is
        seen of it where it has none."""
        if not text.strip():
            question = self.question
            maps = seen_maps(question, page().vectors)
            covered = seen_coverage(question.weights, maps)
            return USUAL_SEEN.relevance(covered)
        return self.background.calibration.relevance(self.covers(text))

    def covers(self, text: str) -> float:
        """The share of what was asked, by the rarity of its words, that the best passage of a text
        holds: in [0, 1]."""
        keys = [word.key for word in content_words(self.text)]
        weights = np.array([self.background.rarity.of(key) for key in keys])
        return read_coverage(keys, weights / weights.sum(), text)[0] if keys else 0.0


def spans_of(encoder: PageEncoder, text: str, rows: int, task: str) -> Sequence[Span | None] | None:
    """Which letters each query row stands for; None for an encoder that cannot tell."""
    tell = getattr(encoder, "query_spans", None)
    if tell is None:
        return None
    spans: Sequence[Span | None] = tell(text, task=task)
    return spans if len(spans) == rows else None
