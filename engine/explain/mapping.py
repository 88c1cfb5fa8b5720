"""The heat map of one page."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from ..store.pages import StoredPage
from .evidence import seen_cells, seen_maps
from .heatmap import Heatmap
from .question import Question

if TYPE_CHECKING:
    from PIL.Image import Image

# Cells that share their evidence in the map of the whole question: words that belong together
# stand near each other, and a lone likeness is noise.
REACH = 2
LOUDEST = 2  # the whole map is full where this many of the weightiest words are found together


def heatmap(question: Question, page: StoredPage, picture: "Callable[[], Image]") -> Heatmap:
    """Maps of each word and of the whole question; see `Heatmap`.

        near(cell) = sum over words of weight * best of the word's map within REACH cells, fading
                     with distance, / the sum of the LOUDEST largest weights
        whole(cell) = near(cell) * sqrt(best of the cell's own maps), cut to [0, 1]

    The second factor keeps what shows nothing from glowing because a neighbour does. Nothing in
    it depends on the best of the page, so a colour means the same on every page of a search.
    """
    maps = denoised(seen_maps(question, page.vectors))
    seen = seen_cells(page.vectors)
    whole = np.zeros(page.vectors.grid, dtype=np.float32)
    for weight, plane in zip(question.weights, maps, strict=True):
        whole += weight * spread(plane)
    loudest = np.sort(question.weights)[::-1][:LOUDEST].sum()
    own = maps.max(axis=0) if len(maps) else whole
    whole = np.clip(whole / max(loudest, 1e-9) * np.sqrt(own), 0, 1) * seen
    return Heatmap(
        question=question.text,
        words=question.names,
        maps=maps,
        weights=question.weights,
        whole=whole.astype(np.float32),
        seen=seen,
        _picture=picture,
    )


def denoised(maps: Float[np.ndarray, "words h w"]) -> Float[np.ndarray, "words h w"]:
    """Faint evidence made fainter and strong stronger, 0, 1/2 and 1 left where they are."""
    curved: Float[np.ndarray, "words h w"] = maps * maps * (3 - 2 * maps)
    return curved


def spread(plane: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """The best of each cell and its neighbours, worth less with every cell of distance."""
    h, w = plane.shape
    best = plane.copy()
    framed = np.pad(plane, REACH)
    for down in range(-REACH, REACH + 1):
        for across in range(-REACH, REACH + 1):
            worth = 1 - max(abs(down), abs(across)) / (REACH + 1)
            moved = framed[REACH + down : REACH + down + h, REACH + across : REACH + across + w]
            best = np.maximum(best, worth * moved)
    return best
