"""The language model of a reader with one LoRA pair a layer, and one on its table of tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Float32, Int
from torch import Tensor, nn

from ..read.reader import PREFIX, Reader, block_positions, text_turns

RANK = 128
LONGEST = 112  # tokens, the first of the template's
TOGETHER = 64  # texts of about one length that are padded to the longest of them
PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True)
class Pass:
    """States of texts or blocks, float32, and which of them are their own [n, length] in {0, 1}."""

    states: Float[Tensor, "n length width"]
    own: Float[Tensor, "n length"]

    def means(self) -> Float[Tensor, "n width"]:
        """Dense vectors, not of unit length; nothing of its own gives zeros."""
        summed = (self.states * self.own[..., None]).sum(1)
        return summed / self.own.sum(1, keepdim=True).clamp(min=1)


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
    """Dense vectors as the encoder makes them: the mean of the states of a text's own tokens, or of
    a picture's cells. What the reader brought stays as it is."""

    turns: Tensor
    block_turns: Tensor
    prefix: Tensor

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
        line = text_turns(reader.model, torch.arange(LONGEST).expand(3, -1))
        square = text_turns(reader.model, block_positions(reader.shape))
        self.register_buffer("turns", line, persistent=False)
        self.register_buffer("block_turns", square, persistent=False)
        self.register_buffer("prefix", torch.tensor([token_ids[n] for n in PREFIX]), False)

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
            ids, own = self.padded([texts[i] for i in some], [asks[i] for i in some])
            means.append(self.read(ids, own, half).means())
        back = torch.empty(len(order), dtype=torch.long)
        back[torch.tensor(order)] = torch.arange(len(order))
        return torch.cat(means)[back]

    def padded(
        self, texts: Sequence[Sequence[int]], asks: Sequence[bool]
    ) -> tuple[Int[Tensor, "texts longest"], Float[Tensor, "texts longest"]]:
        """Tokens with the template's first, cut to LONGEST, and which are the texts' own."""
        longest = min(LONGEST, 1 + max(len(text) for text in texts))
        ids = torch.zeros(len(texts), longest, dtype=torch.long)
        own = torch.zeros(len(texts), longest)
        for row, (text, ask) in enumerate(zip(texts, asks, strict=True)):
            cut = list(text[: longest - 1])
            ids[row, : 1 + len(cut)] = torch.tensor([self.before[ask], *cut])
            own[row, 1 : 1 + len(cut)] = 1
        return ids, own

    def read(self, ids: Tensor, own: Tensor, half: torch.dtype) -> Pass:
        """States of texts with the adapter."""
        states = self.reader.understand(
            self._embedded(ids).to(half), self.turns[:, : ids.shape[1]].to(half)
        )
        return Pass(states.float(), own)

    def look(self, cells: Tensor, written: Tensor, half: torch.dtype) -> Pass:
        """States of the cells of blocks with the adapter; what the vision tower gave comes in."""
        first = self._embedded(self.prefix).to(half).expand(len(cells), -1, -1)
        x = torch.cat([first, cells.to(half)], 1)
        states = self.reader.understand(x, self.block_turns.to(half))[:, len(self.prefix) :]
        return Pass(states.float(), written.float())

    def _embedded(self, ids: Tensor) -> Tensor:
        return F.embedding(ids, self.table) + F.embedding(ids, self.a) @ self.b

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
