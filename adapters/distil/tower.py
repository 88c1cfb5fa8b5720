"""The language model of a reader whose table of tokens and layers are learnt anew, for one task."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Float32, Int
from torch import Tensor, nn

from ..read.reader import Reader, normed, text_turns

LONGEST = 112  # tokens, the first of the template's
TOGETHER = 64  # texts of about one length that are padded to the longest of them
SPEAKING = ("o_proj", "down_proj")  # what a layer adds is their product
PROJECTIONS = ("q_proj", "k_proj", "v_proj", "gate_proj", "up_proj", *SPEAKING)


@dataclass(frozen=True)
class Pass:
    """States of texts, float32, and which of them are their own [n, length] in {0, 1}."""

    states: Float[Tensor, "n length width"]
    own: Float[Tensor, "n length"]

    def means(self) -> Float[Tensor, "n width"]:
        """Dense vectors, not of unit length; nothing of its own gives zeros."""
        summed = (self.states * self.own[..., None]).sum(1)
        return summed / self.own.sum(1, keepdim=True).clamp(min=1)


class Free(nn.Module):
    """A linear layer whose weight is learnt in full; the base's own is kept beside it."""

    def __init__(self, base: Any) -> None:
        super().__init__()
        self.base = base
        self.weight = nn.Parameter(base.weight.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.base.bias)


class Tower(nn.Module):
    """Dense vectors as the encoder makes them: the mean of the states of a text's own tokens.

    What the reader brought stays as it is; what is learnt is an adapter of full rank.
    """

    turns: Tensor

    def __init__(self, reader: Reader, token_ids: dict[str, int]) -> None:
        super().__init__()
        self.reader = reader.requires_grad_(False)
        self.alone = False  # the table without the layers
        self.before = (token_ids["<|document|>"], token_ids["<|query|>"])
        language: Any = reader.model.language_model
        self.base = language.embed_tokens.weight
        self.table = nn.Parameter(self.base.detach().clone())
        for layer in language.layers:
            for part in (layer.self_attn, layer.mlp):
                for name in PROJECTIONS:
                    if hasattr(part, name):
                        setattr(part, name, Free(getattr(part, name)))
        line = text_turns(reader.model, torch.arange(LONGEST).expand(3, -1))
        self.register_buffer("turns", line, persistent=False)

    def begin(self, meanings: Float[np.ndarray, "pieces dim"], weights: np.ndarray) -> None:
        """The table holds the main axes of the pieces' meanings, and the layers add nothing yet.

        `weights` [pieces] in [0, 1]: squared inverse document frequencies, see `piece_weights`;
        a piece is as long as it is telling. What reading made of the layers is not what meaning
        needs of them: beginning with silence is quicker than unlearning it.
        """
        telling = np.maximum(weights, 1e-3)[:, None] ** 0.5
        spread = meanings.astype(np.float32) * telling
        left, sizes, _ = np.linalg.svd(spread - spread.mean(0), full_matrices=False)
        axes = (left * sizes)[:, : self.table.shape[1]]
        start = torch.from_numpy((axes / axes.std(0).mean()).astype(np.float32))
        self.table.data.zero_()
        self.table.data[:, : start.shape[1]] = start
        for name, module in self.named_modules():
            if isinstance(module, Free) and name.endswith(SPEAKING):
                module.weight.data.zero_()

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
        x = F.embedding(ids, self.table).to(half)
        if self.alone:
            states = normed(self.reader.model, x)
        else:
            states = self.reader.understand(x, self.turns[:, : ids.shape[1]].to(half))
        return Pass(states.float(), own)

    def trained(self) -> dict[str, nn.Parameter]:
        """The names and values that are learnt."""
        return {name: p for name, p in self.named_parameters() if p.requires_grad}

    def adapter(self) -> dict[str, Float32[Tensor, "..."]]:
        """A and B of every layer, by the names of `lora.trainable`: B A is what was learnt less
        what the reader brought."""
        table = "language_model.embed_tokens.lora_embedding"
        out = _pair(table, (self.table - self.base).T)
        for name, module in self.reader.model.named_modules():
            if isinstance(module, Free):
                out |= _pair(f"{name}.lora", module.weight - module.base.weight)
        return out


def _pair(name: str, change: Tensor) -> dict[str, Tensor]:
    """A change of a weight [out, in] as B A, exactly: the smaller side is the identity."""
    out, into = change.shape
    one = torch.eye(min(out, into))
    a, b = (change, one) if out <= into else (one, change)
    return {f"{name}_A": a.detach().contiguous(), f"{name}_B": b.detach().contiguous()}
