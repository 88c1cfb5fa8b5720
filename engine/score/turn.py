"""Columns of a square of numbers, in vector registers."""

from typing import Any

from .machine import shuffled


def turned(build: Any, rows: list[Any]) -> list[Any]:
    """n vectors of n numbers each become n vectors with one number of each; n is 8 or 16.

    Pairs, fours and then whole quarters of the registers change places: n * log2(n) shuffles,
    each of which a processor does in one step.
    """
    n = len(rows)
    fours = []  # [j][g]: in its quarter i, column 4 * i + j of the rows 4 * g to 4 * g + 3
    for g in range(0, n, 4):
        low, high = _pairs(n, [0, n, 1, n + 1]), _pairs(n, [2, n + 2, 3, n + 3])
        first, second = rows[g : g + 2], rows[g + 2 : g + 4]
        left, right = _pairs(n, [0, 1, n, n + 1]), _pairs(n, [2, 3, n + 2, n + 3])
        fours.append(
            [
                shuffled(build, [shuffled(build, pair, of) for pair in (first, second)], side)
                for of in (low, high)
                for side in (left, right)
            ]
        )
    columns: list[Any] = [None] * n
    for j, held in enumerate(zip(*fours, strict=True)):
        for i, column in enumerate(_quarters(build, list(held), n)):
            columns[4 * i + j] = column
    return columns


def _pairs(n: int, places: list[int]) -> list[int]:
    """The same choice within every four numbers."""
    return [start + place for start in range(0, n, 4) for place in places]


def _quarters(build: Any, held: list[Any], n: int) -> list[Any]:
    """The same for vectors seen as n / 4 groups of four numbers: 2 vectors of 2, or 4 of 4."""

    def grouped(pair: list[Any], groups: range) -> Any:
        return shuffled(build, pair, [4 * group + k for group in groups for k in range(4)])

    count = n // 4
    even, odd = range(0, 2 * count, 2), range(1, 2 * count, 2)
    if count == 2:
        return [grouped(held, even), grouped(held, odd)]
    evens, odds = ([grouped(pair, part) for pair in (held[:2], held[2:])] for part in (even, odd))
    return [grouped(of, part) for part in (even, odd) for of in (evens, odds)]
