"""A reader whose table of tokens and one attention over them are learnt anew, for one task."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Float32, Int
from torch import Tensor, nn

from ..read.reader import Reader, recalled, rms_norm, text_turns
from ..train.encoded import Encoded

LONGEST = 112  # tokens, the first of the template's
TOGETHER = 64  # texts of about one length that are padded to the longest of them
LEAST = 1e-3  # of the lengths by which states are weighed, as in the engine's pooling
SPEAKING = ("o_proj", "down_proj")  # what a layer adds is their product
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")


@dataclass(frozen=True)
class Pass:
    """States of texts, float32, which of them are their own [n, length] in {0, 1}, and how much
    each counts in the mean."""

    states: Float[Tensor, "n length width"]
    own: Float[Tensor, "n length"]
    weights: Float[Tensor, "n length"]

    def means(self) -> Float[Tensor, "n width"]:
        """Dense vectors, not of unit length; nothing of its own gives zeros."""
        weights = self.own * self.weights
        summed = (self.states * weights[..., None]).sum(1)
        return summed / weights.sum(1, keepdim=True).clamp(min=LEAST)


class Free(nn.Module):
    """A linear layer whose weight is learnt in full; the base's own is kept beside it."""

    def __init__(self, base: Any) -> None:
        super().__init__()
        self.base = base
        self.weight = nn.Parameter(base.weight.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.base.bias)


class Tower(nn.Module):
    """Dense vectors and rows as the encoder makes them, of a text's own tokens.

    What the reader brought stays as it is. What is learnt is a table of tokens, one attention over
    them (the last layer's) and the projector of rows; all other layers are silenced, for what they
    learnt for reading is in the way of meaning. All of it makes an adapter of full rank.
    """

    turns: Tensor
    lengths: Tensor

    def __init__(
        self,
        reader: Reader,
        token_ids: dict[str, int],
        lengths: Float[np.ndarray, " pieces"],
        whole: float = 0.0,
        telling: float = 0.0,
    ) -> None:
        """`lengths`: how much a row of a question counts, by its piece. `whole`: how much the row
        for the whole text counts, in relation to all others together; 0: there is none. `telling`:
        the power of the lengths by which states count in a dense vector."""
        super().__init__()
        self.reader = reader.requires_grad_(False)
        self.whole, self.telling = whole, telling
        self.alone = False  # the table without the attention
        self.before = (token_ids["<|document|>"], token_ids["<|query|>"])
        language: Any = reader.model.language_model
        self.base = language.embed_tokens.weight
        self.table = nn.Parameter(self.base.detach().clone())
        self.projector = nn.Parameter(reader.projector.weight.detach().clone())
        attention = language.layers[-1].self_attn
        for name in ATTENTION:
            setattr(attention, name, Free(getattr(attention, name)))
        line = text_turns(reader.model, torch.arange(LONGEST).expand(3, -1))
        self.register_buffer("turns", line, persistent=False)
        rows = torch.from_numpy(np.asarray(lengths, np.float32))
        self.register_buffer("lengths", rows, persistent=False)

    def begin(self, meanings: Float[np.ndarray, "pieces dim"]) -> None:
        """The table holds the main axes of the pieces' meanings, each piece as long as it is
        telling; the attention adds nothing yet, and rows are any turn of the states."""
        telling = np.maximum(self.lengths.numpy(), 1e-3)[:, None] ** 0.5
        spread = meanings.astype(np.float32) * telling
        left, sizes, _ = np.linalg.svd(spread - spread.mean(0), full_matrices=False)
        axes = (left * sizes)[:, : self.table.shape[1]]
        start = torch.from_numpy((axes / axes.std(0).mean()).astype(np.float32))
        self.table.data.zero_()
        self.table.data[:, : start.shape[1]] = start
        self.reader.model.language_model.layers[-1].self_attn.o_proj.weight.data.zero_()
        nn.init.orthogonal_(self.projector)

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
        language: Any = self.reader.model.language_model
        x = F.embedding(ids, self.table).to(half)
        if not self.alone:
            x = x + recalled(language.layers[-1], x, self.turns[:, : ids.shape[1]].to(half))
        weights = self.lengths[ids].clamp(min=LEAST) ** self.telling
        return Pass(rms_norm(language.norm, x).float(), own, weights)

    def rows(self, ids: Int[Tensor, "n length"], seen: Pass, ask: bool) -> Encoded:
        """Of unit length, those of questions as long as their pieces are telling; the rest zero.

        The last is that of the whole text, if there is one.
        """
        lengths = seen.own * self.lengths[ids] if ask else seen.own
        dense, real = seen.means(), seen.own > 0
        rows = F.normalize(seen.states @ self.projector.T, dim=-1) * lengths[..., None]
        if self.whole:
            last = F.normalize(dense @ self.projector.T, dim=-1)
            last = last.roll(last.shape[-1] // 2, -1)  # away from the rows of tokens
            last = last * (self.whole * lengths.sum(1, keepdim=True) if ask else 1)
            rows = torch.cat([rows, last[:, None]], 1)
            real = torch.cat([real, real.any(1, keepdim=True)], 1)
        return Encoded(rows, real, dense)

    def trained(self) -> dict[str, nn.Parameter]:
        """The names and values that are learnt."""
        return {name: p for name, p in self.named_parameters() if p.requires_grad}

    def adapter(self) -> dict[str, Float32[Tensor, "..."]]:
        """A and B of every layer, by the names of `lora.trainable`: B A is what was learnt less
        what the reader brought."""
        table = "language_model.embed_tokens.lora_embedding"
        out = _pair(table, (self.table - self.base).T)
        out |= _pair("projector.lora", self.projector - self.reader.projector.weight)
        for name, module in self.reader.model.language_model.named_modules():
            name = f"language_model.{name}.lora"
            if isinstance(module, Free):
                out |= _pair(name, module.weight - module.base.weight)
            elif name.removesuffix(".lora").endswith(SPEAKING):
                out |= _pair(name, -module.weight)
        return out


def _pair(name: str, change: Tensor) -> dict[str, Tensor]:
    """A change of a weight [out, in] as B A, exactly: the smaller side is the identity."""
    out, into = change.shape
    one = torch.eye(min(out, into))
    a, b = (change, one) if out <= into else (one, change)
    return {f"{name}_A": a.detach().contiguous(), f"{name}_B": b.detach().contiguous()}
