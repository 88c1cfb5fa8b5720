"""The reader: a native `Qwen2_5_VLModel` with its row head, and a forward pass made for training.

The flat pass computes what the native modules compute, for grey pictures of whole windows, with
all windows of a batch in one matrix product (the native tower loops over windows). The weights
are the native modules' own, so what is trained is what is shipped; a test holds both to 1e-5.
"""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn

from .blocks import LETTERS, SIDE
from .shape import Shape, native_config

MEAN, STD = 1.0, 0.5  # of pixels in [0, 1]: white is nothing, ink is what is there
PREFIX = ("<|document|>", "<|vision_start|>")  # what stands before a page's rows


class Reader(nn.Module):
    """`model` and `projector` are shipped; the letter head and the scale serve training only."""

    vision_turns: Tensor

    def __init__(self, shape: Shape, token_ids: dict[str, int]) -> None:
        from transformers import Qwen2_5_VLModel

        super().__init__()
        self.shape = shape
        self.model = Qwen2_5_VLModel(native_config(shape, token_ids))
        self.projector = nn.Linear(shape.width, shape.rows, bias=False)
        self.letters = nn.Linear(shape.vision_width, len(LETTERS))
        self.scale = nn.Parameter(torch.tensor(2.5))  # log
        self.prior = nn.Parameter(torch.zeros(shape.vocabulary))
        self.prefix = [token_ids[name] for name in PREFIX]
        self.register_buffer("vision_turns", _vision_turns(shape), persistent=False)
        self._start()

    def _start(self) -> None:
        """Small random matrices; decoder layers start as the identity.

        So at first a text row is its piece's own vector, which the visual rows learn to meet.
        """
        for name, parameter in self.named_parameters():
            if parameter.ndim >= 2:
                nn.init.trunc_normal_(parameter, std=0.02)
            if name.endswith(("o_proj.weight", "down_proj.weight")) and "language" in name:
                nn.init.zeros_(parameter)
        nn.init.normal_(self.model.language_model.embed_tokens.weight, std=1.0)
        nn.init.orthogonal_(self.projector.weight)
        nn.init.trunc_normal_(self.model.visual.patch_embed.proj.weight, std=0.02)
        nn.init.trunc_normal_(self.model.visual.merger.mlp[2].weight, std=0.04)

    def see(
        self, pixels: Tensor
    ) -> tuple[Float[Tensor, "windows cells width"], Float[Tensor, "windows patches letters"]]:
        """Normalised grey windows [windows, patches, 196] to merged cells and letter logits."""
        visual: Any = self.model.visual
        kernel = visual.patch_embed.proj.weight.sum((1, 2)).flatten(1)  # grey in all six planes
        x = F.linear(pixels, kernel)
        for block in visual.blocks:
            x = x + _look(block.attn, rms_norm(block.norm1, x), self.vision_turns)
            x = x + _gated(block.mlp, rms_norm(block.norm2, x))
        x = rms_norm(visual.merger.ln_q, x)
        windows, patches, width = x.shape
        mlp = visual.merger.mlp
        merged = mlp[2](F.gelu(mlp[0](x.reshape(windows, patches // 4, 4 * width))))
        return merged, self.letters(x)

    def understand(
        self, x: Float[Tensor, "batch length width"], turns: Tensor
    ) -> Float[Tensor, "batch length width"]:
        """The causal language model over embeddings; the last norm included."""
        language: Any = self.model.language_model
        for layer in language.layers:
            x = x + recalled(layer, x, turns)
            x = x + _gated(layer.mlp, rms_norm(layer.post_attention_layernorm, x))
        return rms_norm(language.norm, x)

    def cells_of_blocks(
        self, pixels: Float[Tensor, "blocks windows patches 196"]
    ) -> tuple[Float[Tensor, "blocks cells width"], Float[Tensor, "blocks patches letters"]]:
        """Merged cells, row by row over the block, and letter logits of every patch."""
        blocks, windows, patches, _ = pixels.shape
        merged, letters = self.see(pixels.flatten(0, 1))
        c, width = self.shape.window_cells, merged.shape[-1]
        grid = merged.view(blocks, SIDE, SIDE, c, c, width).permute(0, 1, 3, 2, 4, 5)
        cells = grid.reshape(blocks, SIDE * SIDE * c * c, width)
        return cells, letters.reshape(blocks, windows * patches, -1)

    def rows_of_blocks(
        self, pixels: Float[Tensor, "blocks windows patches 196"], turns: Tensor
    ) -> tuple[Float[Tensor, "blocks cells rows"], Float[Tensor, "blocks patches letters"]]:
        """Unit rows of every cell, row by row over the block, and letter logits of every patch."""
        cells, letters = self.cells_of_blocks(pixels)
        first = self.model.language_model.embed_tokens.weight[self.prefix].to(cells.dtype)
        x = torch.cat([first.expand(len(cells), -1, -1), cells], 1)
        hidden = self.understand(x, turns)[:, len(self.prefix) :]
        return self.to_rows(hidden), letters

    def rows_of_text(
        self, ids: Int[Tensor, "batch length"], turns: Tensor
    ) -> Float[Tensor, "batch length rows"]:
        """Unit rows of text, padding and special tokens included."""
        embedded = F.embedding(ids, self.model.language_model.embed_tokens.weight)
        return self.to_rows(self.understand(embedded.to(turns.dtype), turns))

    def piece_rows(self) -> Float[Tensor, "pieces rows"]:
        """Unit rows of all pieces without context: the classes of reading."""
        language: Any = self.model.language_model
        return self.to_rows(rms_norm(language.norm, language.embed_tokens.weight))

    def to_rows(self, hidden: Tensor) -> Tensor:
        rows: Tensor = self.projector(hidden)
        return F.normalize(rows.float(), dim=-1)


def normalised(pixels: UInt8[np.ndarray, "..."], dtype: torch.dtype) -> Tensor:
    """Grey levels as `see` takes them."""
    return (torch.from_numpy(pixels).to(dtype) / 255 - MEAN) / STD


def rms_norm(norm: Any, x: Tensor) -> Tensor:
    """`x` over its root mean square, in float32. Source: Zhang and Sennrich 2019."""
    y = x.float()
    y = y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + norm.variance_epsilon)
    scaled: Tensor = y * norm.weight
    return scaled.to(x.dtype)


def _gated(mlp: Any, x: Tensor) -> Tensor:
    out: Tensor = mlp.down_proj(F.silu(mlp.gate_proj(x)) * mlp.up_proj(x))
    return out


def _turn(x: Tensor, turns: Tensor) -> Tensor:
    """Rotary positions; `turns` is (cosines, sines), each broadcastable to x."""
    left, right = x.chunk(2, -1)
    cos, sin = turns.to(x.dtype)
    turned: Tensor = x * cos + torch.cat((-right, left), -1) * sin
    return turned


def _attend(q: Tensor, k: Tensor, v: Tensor, hidden_from: Tensor | None = None) -> Tensor:
    """Plain attention: for these short sequences twice as quick on a CPU as the fused kernel.

    Outside autocast, which would compute the softmax in float32 and double the traffic.
    """
    with torch.autocast(q.device.type, enabled=False):
        scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
        if hidden_from is not None:
            scores = scores.masked_fill(hidden_from, float("-inf"))
        return torch.softmax(scores, -1) @ v


def _look(attention: Any, x: Tensor, turns: Tensor) -> Tensor:
    """Attention inside each window. x is [windows, patches, width]."""
    windows, patches, width = x.shape
    heads = attention.num_heads
    parts = attention.qkv(x).view(windows, patches, 3, heads, width // heads)
    q, k, v = parts.permute(2, 0, 3, 1, 4).unbind(0)
    out = _attend(_turn(q, turns), _turn(k, turns), v)
    mixed: Tensor = attention.proj(out.transpose(1, 2).reshape(windows, patches, width))
    return mixed


def recalled(layer: Any, x: Tensor, turns: Tensor) -> Tensor:
    """What the attention of a layer of the language model adds."""
    return _recall(layer.self_attn, rms_norm(layer.input_layernorm, x), turns)


def _recall(attention: Any, x: Tensor, turns: Tensor) -> Tensor:
    """Causal attention of the language model, key-value heads shared. x is [batch, length, w]."""
    batch, length, _ = x.shape
    size = attention.head_dim

    def split(y: Tensor) -> Tensor:
        return y.view(batch, length, -1, size).transpose(1, 2)

    q = _turn(split(attention.q_proj(x)), turns)
    k = _turn(split(attention.k_proj(x)), turns)
    v = split(attention.v_proj(x))
    groups = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
    later = torch.ones(length, length, dtype=torch.bool, device=x.device).triu(1)
    out = _attend(q, k, v, later)
    mixed: Tensor = attention.o_proj(out.transpose(1, 2).reshape(batch, length, -1))
    return mixed


def _vision_turns(shape: Shape) -> Float[Tensor, "2 patches head"]:
    """Cosines and sines of the patches of one window, in the order of `to_windows`.

    Attention sees differences of positions only, so places inside the window will do.
    """
    head = shape.vision_width // shape.vision_heads
    c = shape.window_cells
    y, x = torch.meshgrid(torch.arange(2 * c), torch.arange(2 * c), indexing="ij")
    order = torch.arange(4 * c * c).view(c, 2, c, 2).permute(0, 2, 1, 3).reshape(-1)
    frequency = 1.0 / 10000.0 ** (torch.arange(0, head // 2, 2) / (head // 2))
    both = torch.cat(
        [y.reshape(-1)[order, None] * frequency, x.reshape(-1)[order, None] * frequency], -1
    )
    angle = torch.cat([both, both], -1)
    return torch.stack([angle.cos(), angle.sin()])


def text_turns(model: Any, positions: Int[Tensor, "3 length"]) -> Float[Tensor, "2 length head"]:
    """Cosines and sines of the language model for one row of (t, h, w) positions."""
    probe = torch.zeros(1, 1)
    cos, sin = model.language_model.rotary_emb(probe, positions[:, None])
    return torch.stack([cos[0], sin[0]])


def block_positions(shape: Shape) -> Int[Tensor, "3 length"]:
    """(t, h, w) of the prefix and of a block's cells, as for a page of that size."""
    side = shape.window_cells * SIDE
    start = len(PREFIX)
    before = torch.arange(start).expand(3, -1)
    h, w = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    t = torch.full((side * side,), start)
    return torch.cat([before, torch.stack([t, h.reshape(-1) + start, w.reshape(-1) + start])], 1)
