"""How pages are scored by looks: everything exactly, or the best of a scan exactly.

The whole of it is here. What was measured (two cores with AVX2, pages of 700 rows): exact 22,000
pages a second, int8 38,000, 1-bit 340,000; reading 200 pages from disk 80 ms.
"""

from dataclasses import dataclass
from math import sqrt

from ..errors import SearchError

PLANS = ("auto", "exact", "int8", "bits", "pooled")
SCANS = ("bits", "int8", "pooled")  # of the codes that a library has, the first is taken
# Page rows that are scored exactly when they are in memory: 10,000 pages of 700, less than half a
# second on two cores. A GPU scores fifty times as many in that time.
EXACT_ROWS = {"cpu": 7_000_000, "cuda": 350_000_000}
FEW_PAGES = 256  # scored exactly from disk, which is quicker than a scan and what comes after it
DEPTH = 200  # pages that a scan hands on, at least: holds .975 of the true top ten of 1,000

PER_HIT = 20  # and so many for each page that is wanted


@dataclass(frozen=True)
class Facts:
    """What the choice depends on. pages, rows: in scope. size: of all rows, in bytes; memory: what
    rows may take. codes: kinds that the library keeps. device: "cpu" or "cuda"."""

    pages: int
    rows: int
    size: int
    memory: int
    codes: tuple[str, ...]
    device: str
    k: int


@dataclass(frozen=True)
class Choice:
    """scan: the codes that choose `best` pages to be scored exactly, None to score every page so.
    held: read all rows into memory and keep them; else those that are needed come from disk."""

    scan: str | None
    best: int
    held: bool
    why: str


def choose(plan: str, facts: Facts) -> Choice:
    """`plan` as asked for, or the quickest one that finds what an exact scan finds.

    Raises SearchError for codes that the library does not keep.
    """
    fits = facts.size <= facts.memory
    exact = EXACT_ROWS["cuda" if facts.device.startswith("cuda") else "cpu"]
    best = min(facts.pages, max(DEPTH, PER_HIT * facts.k, round(1.5 * sqrt(facts.pages))))
    scan = next((kind for kind in SCANS if kind in facts.codes), None)
    if plan == "exact":
        return Choice(None, facts.pages, fits, "asked for")
    if plan != "auto":
        if plan not in facts.codes:
            kept = ", ".join(facts.codes) or "of no kind"
            raise SearchError(
                f"plan={plan!r}: this library keeps codes {kept}; choose another plan, or index "
                "into a new library with these codes"
            )
        return Choice(plan, best, False, "asked for")
    if facts.pages <= FEW_PAGES:
        return Choice(None, facts.pages, fits, "few pages")
    if fits and facts.rows <= exact:
        return Choice(None, facts.pages, True, "rows fit in memory and are scored quickly")
    if scan is None:
        return Choice(None, facts.pages, fits, "the library keeps no codes")
    return Choice(scan, best, False, "many pages" if fits else "rows do not fit in memory")
