"""Rerankers that are language models asked for "yes" or "no"."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float32
from PIL import Image

from quire.ingest.page import Page

from ..encode.batching import batches
from ..encode.protocol import Parts
from ..errors import RerankError
from .candidates import parts_of, read
from .forward import logits
from .prompt import Prompter
from .protocol import Candidate, Reads
from .weights import Weights

TOKENS_PER_BATCH = {"cpu": 4096, "cuda": 65536}


class Judge:
    """Says how probable it is that a candidate answers a query; made by `load_reranker`.

    Runs in float32 on a CPU and in bfloat16 on CUDA. Not to be shared between threads.
    """

    def __init__(self, weights: Weights) -> None:
        self._weights, self.family = weights, weights.family
        self._prompter = Prompter(weights.tokenizer, weights.family)

    @property
    def name(self) -> str:
        return self.family.name

    @property
    def reads(self) -> Reads:
        return self.family.reads

    def describe(self) -> dict[str, Any]:
        """Everything that changes a score, as JSON values."""
        return {**self.family.describe(), "weights": self._weights.hash}

    @property
    def fingerprint(self) -> str:
        """16 hex digits of `describe()`."""
        text = json.dumps(self.describe(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def score(
        self,
        query: str | Image.Image | Page | Parts,
        candidates: Sequence[Candidate | Parts],
        *,
        instruction: str | None = None,
    ) -> Float32[np.ndarray, " n"]:
        """The probability, in [0, 1], that each candidate answers the query; in their order.

        It is that of "yes" against "no" alone, so 0.5 is undecided. `instruction`: what counts as
        an answer, in one sentence; the family's own if not given. `Parts` are pictures with the
        text that follows them. Too long a candidate is cut, as the family says. No candidates give
        an empty array. Raises RerankError for what the model cannot read, IngestError for a
        picture more than 200 times as long as wide.
        """
        pairs = self.logits(query, candidates, instruction=instruction)
        half = (pairs[:, 1] - pairs[:, 0]) / 2
        probability: Float32[np.ndarray, " n"] = (1 + np.tanh(half)) / 2  # the logistic function
        return probability

    def logits(
        self,
        query: str | Image.Image | Page | Parts,
        candidates: Sequence[Candidate | Parts],
        *,
        instruction: str | None = None,
    ) -> Float32[np.ndarray, "n two"]:
        """The logits of "no" and "yes" that `score` is made of."""
        import torch

        family = self.family
        if instruction is None:
            instruction = family.instruction
        if not isinstance(instruction, str):
            raise RerankError(f"instruction is {type(instruction).__name__}: pass a sentence")
        asked = parts_of(query, family.reads, "query")
        judged = read(candidates, family.reads)
        prompts = [self._prompter.write(instruction, asked, item) for item in judged]
        found = np.zeros((len(prompts), 2), np.float32)
        budget = TOKENS_PER_BATCH["cuda" if self._weights.rows.is_cuda else "cpu"]
        with torch.inference_mode():
            for batch in batches([len(prompt.ids) for prompt in prompts], budget):
                some = [prompts[i] for i in batch]
                found[batch] = logits(self._weights, some, self._prompter.image)
        return found
