"""A question as a page is asked it: its words, what each weighs, and the rows they became."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from .rarity import Rarity
from .words import Word, content_words

Span = tuple[int, int]

# A row's evidence begins where only this share of the library's rows is as much like it, and is
# whole where only that share is: 1 cell of a page in 20, and one in 5,000.
COMMON, BEST = 0.95, 0.9998
# The least distance between the two, in cosines: noise must not be stretched to evidence.
LEAST_RISE = 0.1


@dataclass(frozen=True)
class Question:
    """The `words` of a question that say something, and its query rows.

    weights: of the words, summing to 1: their rarity in the library.
    rows: the query's rows at unit length; lengths: what length each had, its weight in MaxSim.
    belongs: which rows a word became. A row of a special token, of padding or of a word that
        says nothing belongs to none and so explains nothing.
    low, high: the cosines at which evidence for a row begins and is whole.
    """

    text: str
    words: tuple[Word, ...]
    weights: Float[np.ndarray, " words"]
    rows: Float[np.ndarray, "q d"]
    lengths: Float[np.ndarray, " q"]
    belongs: Bool[np.ndarray, "words q"]
    low: Float[np.ndarray, " q"]
    high: Float[np.ndarray, " q"]

    @property
    def names(self) -> tuple[str, ...]:
        """The words as they are spelt in the question."""
        return tuple(self.text[word.start : word.end] for word in self.words)


def ask(
    text: str,
    rarity: Rarity,
    rows: Float[np.ndarray, "q d"],
    spans: Sequence[Span | None] | None,
    library: Float[np.ndarray, "sample d"],
) -> Question:
    """Prepare a question.

    spans: which letters of `text` each row stands for, None for a row that stands for none; None
        instead of a list when the encoder cannot tell, and then every row counts for every word.
    library: page rows drawn from the whole library, so that evidence means the same on all pages.
    """
    found = content_words(text)
    raw = np.array([rarity.of(word.key) for word in found])
    lengths = np.linalg.norm(rows, axis=1)
    unit = rows / np.maximum(lengths, 1e-9)[:, None]
    low, high = _levels(unit, library)
    return Question(
        text=text,
        words=tuple(found),
        weights=raw / raw.sum() if len(raw) else raw,
        rows=unit,
        lengths=lengths,
        belongs=_belongs(found, spans, len(rows)),
        low=low,
        high=high,
    )


def _belongs(
    found: Sequence[Word], spans: Sequence[Span | None] | None, rows: int
) -> Bool[np.ndarray, "words q"]:
    if spans is None:
        return np.ones((len(found), rows), dtype=bool)
    return np.array(
        [
            [span is not None and span[0] < word.end and span[1] > word.start for span in spans]
            for word in found
        ],
        dtype=bool,
    ).reshape(len(found), rows)


def _levels(
    unit: Float[np.ndarray, "q d"], library: Float[np.ndarray, "sample d"]
) -> tuple[Float[np.ndarray, " q"], Float[np.ndarray, " q"]]:
    if not len(library) or not len(unit):
        return np.zeros(len(unit)), np.ones(len(unit))
    cosines = unit @ library.T.astype(np.float32)
    low, high = np.quantile(cosines, [COMMON, BEST], axis=1)
    # A word that stands nowhere has a best place too, and it means nothing: what counts as a
    # good match is learnt from all rows of the question together.
    return low, np.maximum(np.maximum(high, high.mean()), low + LEAST_RISE)
