"""What is chosen once, when a library is made."""

from dataclasses import dataclass

from quire.ingest.options import Engine

from .kinds import DEFAULT_CODES, check_kinds
from .pooling import WHOLE, Pooling
from .sides import PIXELS, Side, check_side


@dataclass(frozen=True)
class Making:
    """engine: what draws the pages of PDFs, see `Reading.engine`.

    rows: what the rows of a page are made of, see sides.py. pooling: how many of them it keeps,
    see pooling.py. codes: kinds of codes that are kept beside them, see kinds.py.
    Raises EncodeError or EngineError for what is not known.
    """

    engine: Engine = "auto"
    rows: Side = PIXELS
    codes: tuple[str, ...] = DEFAULT_CODES
    pooling: Pooling = WHOLE

    def __post_init__(self) -> None:
        check_side(self.rows)
        object.__setattr__(self, "codes", check_kinds(self.codes))


USUAL = Making()
