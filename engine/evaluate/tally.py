"""From rankings to rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .chance import expected
from .folder import Folder
from .interval import bootstrap
from .measures import Judgements, Rankings, measure
from .report import Row
from .slices import Slice

Values = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Scope:
    """One way to cut the corpus: question id -> judged ids, and -> all ids that can be found."""

    name: str
    judgements: Judgements
    pools: Mapping[str, Sequence[str]]

    def chance(self) -> Values:
        """Every measure of a random order, exact."""
        values = {}
        for question, grades in self.judgements.items():
            pool = set(self.pools[question])
            inside = [grade for name, grade in grades.items() if name in pool]
            lost = [grade for name, grade in grades.items() if name not in pool]
            values[question] = expected(inside, len(pool), lost)
        return values


@dataclass
class Tally:
    """Gathers the figures of one mode after the other."""

    folder: Folder
    whole: Scope
    within: Scope
    groups: Sequence[Slice]
    seed: int
    answers: list[Mapping[str, Any]] = field(default_factory=list)
    _values: dict[str, tuple[Values, Values]] = field(default_factory=dict)

    def chance(self) -> None:
        """Add the random row."""
        self._values["random"] = (self.whole.chance(), self.within.chance())

    def mode(self, mode: str, whole: Rankings, within: Rankings | None = None) -> None:
        """Add a row of rankings, and what each question found."""
        values = []
        for scope, rankings in ((self.whole, whole), (self.within, within or {})):
            measured = measure(scope.judgements, rankings)
            values.append(measured)
            for question in self.folder.questions:
                if question.id in measured:
                    self.answers.append(
                        {
                            "question": question.id,
                            "text": question.text,
                            "scope": scope.name,
                            "mode": mode,
                            "found": list(rankings.get(question.id, ())),
                            "right": dict(scope.judgements[question.id]),
                            **measured[question.id],
                        }
                    )
        self._values[mode] = (values[0], values[1])

    def rows(self) -> Iterator[Row]:
        """Group by group, the modes in the order in which they were added."""
        for group in self.groups:
            for mode, (whole, within) in self._values.items():
                source = within if group.within else whole
                values = [source[question] for question in group.questions]
                figures = {
                    name: bootstrap([value[name] for value in values], seed=self.seed)
                    for name in values[0]
                }
                yield Row(group.name, mode, len(values), figures)
