"""The kinds of codes that a library can keep beside its rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import EngineError
from ..score.bits import BitCodes, encode_bits, octets_of
from ..score.int8 import Int8Codes, encode_int8
from ..score.lookup import ROWS
from ..score.packed import Packed, offsets_of
from ..score.pool import pool_pages

Codes = BitCodes | Int8Codes
Arrays = Mapping[str, np.ndarray]

POOLED_ROWS = 64  # rows that a page keeps in pooled codes
DEFAULT_CODES = ("bits",)
BITS = ("octets", "factors", "scales", "offsets", "centre")


@dataclass(frozen=True)
class Kind:
    """How codes of one kind are made, and put together again from their arrays.

    version: codes of another version are made anew; count up when `encode` changes.
    encode: arrays of some pages, to be joined with those of the pages before, if there are any.
    """

    name: str
    version: int
    encode: Callable[[Packed, Arrays | None], dict[str, np.ndarray]]
    load: Callable[[Arrays], Codes]

    def differ(self, pages: Packed, codes: Codes, places: Sequence[int]) -> int:
        """How many pages have other codes at their places in `codes` than their rows give.

        Another processor may round otherwise: one int8 step, one sign in a hundred, are the same.
        """
        if isinstance(codes, BitCodes):
            bits = encode_bits(pages, codes.centre)
            return sum(not _same_bits(bits, i, codes, at) for i, at in enumerate(places))
        int8 = self.load(self.encode(pages, None))
        assert isinstance(int8, Int8Codes)
        return sum(not _same_int8(int8, i, codes, at) for i, at in enumerate(places))


def _same_bits(a: BitCodes, i: int, b: BitCodes, j: int) -> bool:
    one = a.octets[a.offsets[i] : a.offsets[i + 1]]
    other = b.octets[b.offsets[j] : b.offsets[j + 1]]
    if one.shape != other.shape or not np.isclose(a.scales[i], b.scales[j], rtol=1e-2):
        return False
    return not one.size or float(np.bitwise_count(one ^ other).mean()) < 0.08


def _same_int8(a: Int8Codes, i: int, b: Int8Codes, j: int) -> bool:
    one, other = a.codes[a.offsets[i] : a.offsets[i + 1]], b.codes[b.offsets[j] : b.offsets[j + 1]]
    if one.shape != other.shape or not np.isclose(a.scales[i], b.scales[j], rtol=1e-3):
        return False
    return not one.size or int(np.abs(one.astype(np.int16) - other).max()) <= 1


def joined(parts: Sequence[Arrays]) -> dict[str, np.ndarray]:
    """The arrays of some pages, and then of others, as those of all of them."""
    out = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    if "centre" in out:
        out["centre"] = parts[0]["centre"]  # they have it in common
    out["offsets"] = offsets_of(np.concatenate([np.diff(part["offsets"]) for part in parts]))
    return out


def _bits(pages: Packed, before: Arrays | None) -> dict[str, np.ndarray]:
    codes = encode_bits(pages, before["centre"] if before else None)
    return {name: getattr(codes, name) for name in BITS}


def _int8(pages: Packed, before: Arrays | None = None) -> dict[str, np.ndarray]:
    codes = encode_int8(pages)
    return {name: getattr(codes, name) for name in ("codes", "offsets", "scales")}


def _pooled(pages: Packed, before: Arrays | None) -> dict[str, np.ndarray]:
    return _int8(pool_pages(pages, most=POOLED_ROWS))


def _load_bits(arrays: Arrays) -> Codes:
    codes = BitCodes(*(arrays[name] for name in BITS))
    # Scanning goes by these sizes without looking.
    if codes.octets.shape[1:] != (octets_of(codes.dim), ROWS):
        raise ValueError("signs of other rows")
    if codes.factors.shape != (len(codes.octets), ROWS) or len(codes.scales) != len(codes):
        raise ValueError("factors of other rows")
    return codes


def _load_int8(arrays: Arrays) -> Codes:
    return Int8Codes(arrays["codes"], arrays["offsets"], arrays["scales"])


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("bits", 2, _bits, _load_bits),
        Kind("int8", 1, _int8, _load_int8),
        Kind("pooled", 1, _pooled, _load_int8),
    )
}


def check_kinds(names: Sequence[str]) -> tuple[str, ...]:
    """The names, in the order of `KINDS`. Raises EngineError for one that is not known."""
    for name in names:
        if name not in KINDS:
            raise EngineError(f"no codes {name!r}; choose from {', '.join(KINDS)}")
    return tuple(name for name in KINDS if name in names)
