"""Weights of words: a vector over the vocabulary that is zero almost everywhere."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from jaxtyping import Int

_NEVER = ("<s>", "<pad>", "</s>", "<unk>")


def weigh(
    checkpoint: Any, hidden: Any
) -> Callable[[int, Int[np.ndarray, " length"]], dict[int, float]]:
    """Token id -> its largest weight in a text, positive ones only, special tokens left out.

    Source: BGE-M3 (arXiv 2402.03216), "lexical retrieval".
    """
    import torch

    weights = torch.relu(checkpoint.sparse(hidden))[..., 0].cpu().numpy()
    never = {checkpoint.tokenizer.token_to_id(name) for name in _NEVER}

    def of(row: int, ids: Int[np.ndarray, " length"]) -> dict[int, float]:
        best: dict[int, float] = {}
        for number, weight in zip(ids.tolist(), weights[row].tolist(), strict=False):
            if weight > best.get(number, 0) and number not in never:
                best[number] = weight
        return best

    return of


def word_score(query: Mapping[int, float], document: Mapping[int, float]) -> float:
    """Sum over the words of both of the product of their weights, from 0 up."""
    return sum(weight * document.get(word, 0.0) for word, weight in query.items())
