"""What the teacher thinks of each text, asked once and kept."""

import os
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float16

from ..errors import AdapterError
from ..halves import multiplies_halves

CHUNK = 64  # texts of about one length at a time
KEEP_EVERY = 400  # chunks


class Teacher:
    """A sentence-transformers model, a name or a folder; loaded once, when it is first asked."""

    def __init__(self, name: str) -> None:
        self.name = name

    @cached_property
    def model(self) -> Any:
        """Raises AdapterError if the package is not installed."""
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise AdapterError(
                "the teacher is run by sentence-transformers, which is not installed: "
                "pip install 'quire[sentence-transformers]'"
            ) from error
        import torch

        half = multiplies_halves() or torch.cuda.is_available()
        kind = torch.bfloat16 if half else torch.float32
        model = SentenceTransformer(self.name, model_kwargs={"dtype": kind})
        model.max_seq_length = min(160, model.max_seq_length or 160)
        return model


def teach(
    teacher: Teacher, texts: Sequence[str], keep: Path, tell: Callable[[str], None]
) -> Float16[np.ndarray, "texts dim"]:
    """The teacher's unit vectors, in the order of `texts`.

    Kept in the file `keep` every few minutes, so that a run that was stopped goes on. Raises
    AdapterError if the file holds another number of texts, or the package is not installed.
    """
    if keep.exists():
        out = np.load(keep)
        if len(out) != len(texts):
            raise AdapterError(
                f"{keep} holds vectors of {len(out)} texts, and there are {len(texts)}: "
                "remove it, or use another folder"
            )
        if out.any(1).all():
            return np.asarray(out)
    model = teacher.model
    dim = model.get_embedding_dimension()
    out = np.load(keep) if keep.exists() else np.zeros((len(texts), dim), np.float16)
    order = sorted(np.flatnonzero(~out.any(1)).tolist(), key=lambda i: len(texts[i]))
    chunks = [order[i : i + CHUNK] for i in range(0, len(order), CHUNK)]
    np.random.default_rng(0).shuffle(chunks)
    for number, chunk in enumerate(chunks, 1):
        out[chunk] = model.encode([texts[i] for i in chunk], normalize_embeddings=True)
        if number % KEEP_EVERY == 0 or number == len(chunks):
            tell(f"teacher: {number * CHUNK} of {len(order)} texts")
            keep.parent.mkdir(parents=True, exist_ok=True)
            new = keep.with_suffix(".new.npy")
            np.save(new, out)
            os.replace(new, keep)
    return out


def piece_meanings(teacher: Teacher, pieces: Sequence[str]) -> Float16[np.ndarray, "pieces dim"]:
    """The teacher's vector of every word piece as if it were a text: where a table can begin.

    Source of the idea: model2vec, which makes a static encoder of such vectors.
    """
    plain = [p[2:] if p.startswith("##") else p for p in pieces]
    plain = ["." if p.startswith(("<|", "[")) else p for p in plain]
    return np.asarray(teacher.model.encode(plain, normalize_embeddings=True), np.float16)
