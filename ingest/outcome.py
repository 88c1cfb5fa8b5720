"""How a file ended, in seven words: what reports count."""

from .failure import Failure, Kind

INDEXED, UNCHANGED = "indexed", "unchanged"
_OF_KIND = {
    Kind.PASSWORD: "needs password",
    Kind.DAMAGED: "unreadable",
    Kind.EMPTY: "unreadable",
    Kind.NO_PAGES: "unreadable",
    Kind.UNREADABLE: "unreadable",
    Kind.REFUSED: "unreadable",
    Kind.TOO_BIG: "too large",
    Kind.OUT_OF_MEMORY: "too large",
    Kind.TIMED_OUT: "timed out",
    Kind.UNSUPPORTED: "unsupported",
    Kind.MISSING: "unsupported",
}
OUTCOMES = (INDEXED, UNCHANGED, *dict.fromkeys(_OF_KIND.values()))


def outcome(failure: Failure) -> str:
    """The outcome of a file that failed, one of OUTCOMES."""
    return _OF_KIND[failure.kind]
