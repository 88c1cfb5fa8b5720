"""Rankings of texts, scored in memory."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from ..encode.protocol import PageEncoder, Vectors
from ..score.maxsim import maxsim
from ..score.packed import pack
from .folder import Folder
from .measures import DEPTH

TEXT_MODES = ("dense", "multi")

# Texts handed to the encoder at once; small enough that progress moves.
BATCH = 64


def rank_texts(
    folder: Folder, encoder: PageEncoder, *, task: str, step: Callable[[int], None]
) -> dict[str, dict[str, list[str]]]:
    """mode -> question id -> ids of the ten best texts, best first.

    "dense" takes the cosine of the one vector, "multi" MaxSim over all rows, both from one
    forward pass. Equal scores keep the order of the corpus; empty texts are never found. `step`
    is told how many texts and questions were encoded since it was last called.
    """
    filled = [text for text in folder.texts if text.text.strip()]
    ids = [text.id for text in filled]
    items = [text.text for text in filled]
    vectors = list(_encoded(encoder.encode_document, items, task, step))
    packed = pack([vector.multi for vector in vectors])
    dense = np.stack([unit(vector.dense) for vector in vectors])

    questions = [question.text for question in folder.questions]
    found: dict[str, dict[str, list[str]]] = {mode: {} for mode in TEXT_MODES}
    encoded = _encoded(encoder.encode_query, questions, task, step)
    for question, vector in zip(folder.questions, encoded, strict=True):
        for mode, scores in (
            ("dense", dense @ unit(vector.dense)),
            ("multi", maxsim(vector.multi, packed)),
        ):
            best = np.argsort(-scores, kind="stable")[:DEPTH]
            found[mode][question.id] = [ids[int(place)] for place in best]
    return found


def unit(vector: Float[np.ndarray, " d"]) -> Float[np.ndarray, " d"]:
    """The vector at length one; a zero vector stays zero."""
    wide = vector.astype(np.float64)
    size = float(np.linalg.norm(wide))
    scaled: Float[np.ndarray, " d"] = wide / size if size else wide
    return scaled


def _encoded(
    encode: Callable[..., Any], items: Sequence[str], task: str, step: Callable[[int], None]
) -> Iterator[Vectors]:
    for start in range(0, len(items), BATCH):
        batch = list(items[start : start + BATCH])
        yield from encode(batch, task=task, vectors="both")
        step(len(batch))
