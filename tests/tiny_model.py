"""A quire-mini of a few thousand weights, random but for its seed, in a checkpoint folder."""

from functools import cache
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from quire.adapters.read.export import export
from quire.adapters.read.pieces import special_ids, train_pieces
from quire.adapters.read.reader import Reader
from quire.adapters.read.shape import Shape

SHAPE = Shape(
    vocabulary=256, vision_width=32, vision_depth=2, vision_heads=2, vision_inner=64, width=32,
    depth=2, heads=2, key_value_heads=1, inner=64,
)  # fmt: skip
WORDS = "the quick brown fox jumps over the lazy dog while revenue of 2017 grew by 12 percent "


@cache
def tiny_pieces() -> Tokenizer:
    return train_pieces([WORDS * 20], SHAPE.vocabulary)


def tiny_reader(seed: int = 0) -> Reader:
    """Decoder layers are made to matter: as born they are the identity."""
    torch.manual_seed(seed)
    reader = Reader(SHAPE, special_ids(tiny_pieces()))
    for name, parameter in reader.named_parameters():
        if name.endswith(("o_proj.weight", "down_proj.weight")):
            torch.nn.init.normal_(parameter, std=0.2)
    return reader


def write_tiny_model(folder: Path, reader: Reader | None = None) -> Path:
    lengths = np.linspace(0.5, 1, SHAPE.vocabulary, dtype=np.float32)
    export(reader or tiny_reader(), tiny_pieces(), lengths, folder, torch.float32)
    return folder
