"""The question of one search, prepared when something of it is first to be explained."""

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
from jaxtyping import Float

from ..encode.protocol import PageEncoder
from ..explain.calibration import USUAL_SEEN, Calibration, calibrate
from ..explain.coverage import read_coverage, seen_coverage
from ..explain.evidence import seen_maps
from ..explain.question import Question, Span, ask
from ..explain.rarity import Rarity
from ..explain.words import content_words
from ..score.packed import Packed
from ..store.contents import Contents
from ..store.pages import StoredPage

SAMPLE_ROWS = 8_192  # of the whole library, evenly spread: 4 MB


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


class Asked:
    """What was asked. `see` gives the query's rows, and rows of the library to compare with."""

    def __init__(
        self,
        text: str,
        background: Background,
        see: Callable[[], tuple[Float[np.ndarray, "q d"], Float[np.ndarray, "sample d"]]],
        encoder: Callable[[], PageEncoder],
    ) -> None:
        self.text, self.background = text, background
        self._see, self._encoder = see, encoder

    @cached_property
    def question(self) -> Question:
        """With its rows: this loads the encoder, if the search itself did without."""
        rows, library = self._see()
        spans = spans_of(self._encoder(), self.text, len(rows))
        return ask(self.text, self.background.rarity, rows, spans, library)

    def relevance(self, text: str, page: Callable[[], StoredPage]) -> float:
        """How likely a page answers the question, in [0, 1], from its text layer; from what is
        seen of it where it has none."""
        if not text.strip():
            question = self.question
            maps = seen_maps(question, page().vectors)
            covered = seen_coverage(question.weights, maps)
            return USUAL_SEEN.relevance(covered)
        keys = [word.key for word in content_words(self.text)]
        weights = np.array([self.background.rarity.of(key) for key in keys])
        if not len(keys):
            return 0.0
        covered, _ = read_coverage(keys, weights / weights.sum(), text)
        return self.background.calibration.relevance(covered)


def spans_of(encoder: PageEncoder, text: str, rows: int) -> Sequence[Span | None] | None:
    """Which letters each query row stands for; None for an encoder that cannot tell."""
    tell = getattr(encoder, "query_spans", None)
    if tell is None:
        return None
    spans: Sequence[Span | None] = tell(text)
    return spans if len(spans) == rows else None


def sample_rows(packed: Packed) -> Float[np.ndarray, "sample d"]:
    """At most `SAMPLE_ROWS` rows from all over the library, float32."""
    step = -(-len(packed.rows) // SAMPLE_ROWS) or 1
    return packed.rows[::step].astype(np.float32)
