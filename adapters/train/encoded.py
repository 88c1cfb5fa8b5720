"""What an encoder gives of some items: padded rows, and one dense vector each."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor


@dataclass(frozen=True)
class Encoded:
    """`real` marks the rows that are no padding; padding is zero. Rows of documents have unit
    length, those of queries may have another, which says how much a row counts."""

    rows: Float[Tensor, "n longest dim"]
    real: Bool[Tensor, "n longest"]
    dense: Float[Tensor, "n width"]

    def __len__(self) -> int:
        return len(self.dense)


def joined(parts: Sequence[Encoded]) -> Encoded:
    """Several as one, in order, padded to the longest of all."""
    longest = max(part.rows.shape[1] for part in parts)
    padded = [
        torch.nn.functional.pad(part.rows, (0, 0, 0, longest - part.rows.shape[1]))
        for part in parts
    ]
    real = [torch.nn.functional.pad(part.real, (0, longest - part.real.shape[1])) for part in parts]
    return Encoded(torch.cat(padded), torch.cat(real), torch.cat([part.dense for part in parts]))


def of_rows(rows: Sequence[Float[Tensor, "_ dim"]], dense: Float[Tensor, "n width"]) -> Encoded:
    """Ragged rows, one tensor an item, as one padded block."""
    block = torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True)
    counts = torch.tensor([len(own) for own in rows], device=block.device)
    real = torch.arange(block.shape[1], device=block.device) < counts[:, None]
    return Encoded(block, real, dense)
