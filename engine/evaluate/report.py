"""What judging found, as a value, a table and JSON."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import groupby
from typing import Any

from .interval import Figure

# Their interval is printed; for the rest it stands in the JSON only, or no line would fit a screen.
WITH_INTERVAL = ("nDCG@5", "nDCG@10", "Spearman")


@dataclass(frozen=True)
class Row:
    """The figures of one way to search (`mode`) over one group of questions."""

    group: str
    mode: str
    questions: int
    figures: Mapping[str, Figure]


@dataclass(frozen=True)
class Report:
    """Everything `judge` found. `notes` say what was left out and why.

    `answers` holds one mapping per question, group kind and mode: what was found and what each
    measure gave. `unit` is what was counted in `Row.questions`.
    """

    name: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    unit: str = "questions"
    answers: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)

    def figure(self, mode: str, measure: str, group: str = "whole folder") -> Figure:
        """One figure; KeyError names the rows that there are."""
        for row in self.rows:
            if (row.mode, row.group) == (mode, group) and measure in row.figures:
                return row.figures[measure]
        known = sorted({(row.mode, row.group) for row in self.rows})
        raise KeyError(f"no {measure} for mode {mode!r} and group {group!r}; there are {known}")

    def as_dict(self) -> dict[str, Any]:
        """Name, notes and rows as plain values for JSON (without the answers)."""
        return {
            "name": self.name,
            "notes": list(self.notes),
            "unit": self.unit,
            "rows": [
                {
                    "group": row.group,
                    "mode": row.mode,
                    "questions": row.questions,
                    "figures": {name: asdict(figure) for name, figure in row.figures.items()},
                }
                for row in self.rows
            ],
        }

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield self.name
        for group, rows in groupby(self.rows, key=lambda row: row.group):
            block = list(rows)
            asked = block[0].questions
            unit = self.unit.removesuffix("s") if asked == 1 else self.unit
            head = f"{group} ({asked} {unit})"
            widths = {name: 22 if name in WITH_INTERVAL else len(name) for name in block[0].figures}
            yield ""
            yield head
            names = "  ".join(name.ljust(width) for name, width in widths.items())
            yield f"  {'':<8}  {names}".rstrip()
            for row in block:
                cells = (_cell(name, row.figures[name]).ljust(w) for name, w in widths.items())
                yield f"  {row.mode:<8}  {'  '.join(cells)}".rstrip()
        if self.notes:
            yield ""
            yield from self.notes


def _cell(name: str, figure: Figure) -> str:
    mean = f"{figure.mean:.3f}"
    return f"{mean} [{figure.low:.3f}, {figure.high:.3f}]" if name in WITH_INTERVAL else mean
