"""The language model of a reader with one LoRA pair a layer, and one on its table of tokens."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Float32
from torch import Tensor, nn

from ..read.reader import Reader, text_turns

RANK = 128
LONGEST = 112  # tokens, the first of the template's
TOGETHER = 64  # texts of about one length that are padded to the longest of them
PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


class LowRank(nn.Module):
    """W + B A as one matrix: made anew each step, it costs less than two more products a token.

    Source: Hu et al. 2021, equation 3, with alpha = rank.
    """

    def __init__(self, base: Any, rank: int) -> None:
        super().__init__()
        self.base = base
        out, into = base.weight.shape
        self.a = nn.Parameter(torch.randn(rank, into) / into**0.5)
        self.b = nn.Parameter(torch.zeros(out, rank))

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            weight = self.base.weight + self.b @ self.a
        return F.linear(x, weight, self.base.bias)


class Tower(nn.Module):
    """Dense vectors of texts, as the encoder makes them: the mean of the states of a text's own
    tokens. What the reader brought stays as it is."""

    turns: Tensor

    def __init__(self, reader: Reader, token_ids: dict[str, int], rank: int = RANK) -> None:
        super().__init__()
        self.reader = reader.requires_grad_(False)
        self.rank = min(rank, reader.shape.width)
        self.before = (token_ids["<|document|>"], token_ids["<|query|>"])
        language: Any = reader.model.language_model
        self.table = language.embed_tokens.weight
        for layer in language.layers:
            for part in (layer.self_attn, layer.mlp):
                for name in PROJECTIONS:
                    if hasattr(part, name):
                        setattr(part, name, LowRank(getattr(part, name), self.rank))
        pieces, width = self.table.shape
        self.a = nn.Parameter(torch.zeros(pieces, self.rank))
        self.b = nn.Parameter(torch.linalg.qr(torch.randn(width, self.rank))[0].T.contiguous())
        turns = text_turns(reader.model, torch.arange(LONGEST).expand(3, -1))
        self.register_buffer("turns", turns, persistent=False)

    def begin(self, meanings: Float[np.ndarray, "pieces dim"], weights: np.ndarray) -> None:
        """The main axes of the pieces' meanings, each piece as long as it is telling.

        `weights` [pieces] in [0, 1]: squared inverse document frequencies, see `piece_weights`.
        """
        telling = np.maximum(weights, 1e-3)[:, None] ** 0.5
        spread = meanings.astype(np.float32) * telling
        left, sizes, _ = np.linalg.svd(spread - spread.mean(0), full_matrices=False)
        axes = (left * sizes)[:, : self.rank]
        start = axes / axes.std(0).mean()
        self.a.data[:, : start.shape[1]] = torch.from_numpy(start.astype(np.float32))

    def forward(
        self, texts: Sequence[Sequence[int]], asks: Sequence[bool], half: torch.dtype
    ) -> Float[Tensor, "texts width"]:
        """`texts`: pieces without the template's. Not of unit length."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        means = []
        for start in range(0, len(order), TOGETHER):
            some = order[start : start + TOGETHER]
            means.append(self._means([texts[i] for i in some], [asks[i] for i in some], half))
        back = torch.empty(len(order), dtype=torch.long)
        back[torch.tensor(order)] = torch.arange(len(order))
        return torch.cat(means)[back]

    def _means(
        self, texts: Sequence[Sequence[int]], asks: Sequence[bool], half: torch.dtype
    ) -> Tensor:
        longest = min(LONGEST, 1 + max(len(text) for text in texts))
        ids = torch.zeros(len(texts), longest, dtype=torch.long)
        own = torch.zeros(len(texts), longest)
        for row, (text, ask) in enumerate(zip(texts, asks, strict=True)):
            cut = list(text[: longest - 1])
            ids[row, : 1 + len(cut)] = torch.tensor([self.before[ask], *cut])
            own[row, 1 : 1 + len(cut)] = 1
        embedded = F.embedding(ids, self.table) + F.embedding(ids, self.a) @ self.b
        states = self.reader.understand(embedded.to(half), self.turns[:, :longest].to(half)).float()
        counted = own.sum(1, keepdim=True).clamp(min=1)
        means: Tensor = (states * own[..., None]).sum(1) / counted
        return means

    def trained(self) -> dict[str, nn.Parameter]:
        """The names and values that are learnt."""
        return {name: p for name, p in self.named_parameters() if p.requires_grad}

    def adapter(self) -> dict[str, Float32[Tensor, "..."]]:
        """The tensors of a peft adapter file, by its names."""
        out = {
            "language_model.embed_tokens.lora_embedding_A": self.a.T,
            "language_model.embed_tokens.lora_embedding_B": self.b.T,
        }
        for name, module in self.reader.model.named_modules():
            if isinstance(module, LowRank):
                out[f"{name}.lora_A.weight"] = module.a
                out[f"{name}.lora_B.weight"] = module.b
        return {f"base_model.model.{k}": v.detach().contiguous() for k, v in out.items()}
