"""Any `CrossEncoder` of sentence-transformers as a reranker."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float32

from ..encode.guest import PREFIX, load_guest
from ..errors import RerankError
from .candidates import read
from .protocol import Candidate, Reads

BATCH = 16  # pairs; sentence-transformers puts those of like length together


class CrossEncoderReranker:
    """Scores pairs of texts as `CrossEncoder.predict` does, with the model's own last step.

    For most models that is a probability in [0, 1], for some a number of any size: scores can be
    compared within one model and query. Made by `load_reranker`.
    """

    reads: Reads = "text"

    def __init__(self, model: Any, name: str, weights: str) -> None:
        self._model, self._weights = model, weights
        self.name = name

    @classmethod
    def load(
        cls,
        name_or_path: str,
        *,
        device: str | None,
        revision: str | None,
        max_tokens: int | None,
        local_files_only: bool,
    ) -> "CrossEncoderReranker":
        """As `load_reranker`. Raises RerankError for a model that gives no single score."""
        model, source, weights = load_guest(
            "CrossEncoder", name_or_path, device, revision, local_files_only=local_files_only
        )
        if model.num_labels != 1:
            raise RerankError(
                f"{name_or_path} gives {model.num_labels} numbers a pair: a reranker gives one"
            )
        if max_tokens is not None:
            model.max_seq_length = min(max_tokens, model.max_seq_length or max_tokens)
        return cls(model, PREFIX + (source.name or source.folder.name), weights)

    def describe(self) -> dict[str, Any]:
        """Everything that changes a score, as JSON values."""
        return {
            "name": self.name,
            "reads": self.reads,
            "weights": self._weights,
            "max_tokens": self._model.max_seq_length,
        }

    @property
    def fingerprint(self) -> str:
        """16 hex digits of `describe()`."""
        text = json.dumps(self.describe(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def score(self, query: str, candidates: Sequence[Candidate]) -> Float32[np.ndarray, " n"]:
        """One number a candidate, in their order; more is better. Long texts are cut at their end.

        No candidates give an empty array. Raises RerankError for what is not text.
        """
        if not isinstance(query, str):
            raise RerankError(f"query is {type(query).__name__}: pass a question as a string")
        pairs = [(query, "".join(item.texts)) for item in read(candidates, self.reads)]
        if not pairs:
            return np.zeros(0, np.float32)
        found = self._model.predict(pairs, batch_size=BATCH, show_progress_bar=False)
        scores: Float32[np.ndarray, " n"] = np.asarray(found, np.float32)
        return scores
