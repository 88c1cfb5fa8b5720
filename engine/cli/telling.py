"""Tells what a run of adding did: a sentence, a table, or JSON."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from quire.ingest.outcome import INDEXED, OUTCOMES, UNCHANGED, outcome

from . import output
from .exits import DONE, SOME_FAILED, STOPPED

if TYPE_CHECKING:
    from ..store.report import Report
    from ..store.sidecar import Sidecar


def tell(report: "Report", library: str, sidecar: "Sidecar | None", *, as_json: bool) -> int:
    """Print it all; the exit code."""
    if as_json:
        output.result_json(as_dict(report, library))
    else:
        output.result(sentence(report, library))
        for line in table(report):
            output.result(line)
    if sidecar is not None:
        for name in sidecar.unused():
            output.note(f"Metadata for {name!r} is of no document here: check its name.")
    tell_left(report)
    if report.left:
        return STOPPED
    return SOME_FAILED if report.failures else DONE


def tell_left(report: "Report") -> None:
    """That documents are left, if there are, and how to go on."""
    if report.left:
        left = output.count(report.left, "document")
        output.note(f"Stopped with {left} left: the same command goes on from here.")


def as_dict(report: "Report", library: str) -> dict[str, Any]:
    """As JSON values."""
    return {
        "library": library,
        "added": len(report.added),
        "skipped": len(report.skipped),
        "replaced": len(report.replaced),
        "moved": len(report.moved),
        "removed": len(report.removed),
        "left": report.left,
        "pages": report.pages,
        "seconds": report.seconds,
        "outcomes": outcomes(report),
        "failures": [asdict(failure) for failure in report.failures],
    }


def outcomes(report: "Report") -> dict[str, int]:
    """How many files ended how; a document that lacks pages is indexed all the same."""
    counts = dict.fromkeys(OUTCOMES, 0)
    counts[INDEXED], counts[UNCHANGED] = len(report.added), len(report.skipped)
    for failure in report.failures:
        if failure.page is None:
            counts[outcome(failure)] += 1
    return counts


def table(report: "Report") -> Iterator[str]:
    """The outcomes, where there is more to tell than one sentence does."""
    counts = outcomes(report)
    if not report.failures or sum(counts.values()) < 2:
        return
    for name, count in counts.items():
        if count:
            yield f"{count:6}  {name}"
    lost = sum(failure.page is not None for failure in report.failures)
    if lost:
        yield f"{lost:6}  pages lost of documents that were indexed"


def sentence(report: "Report", library: str) -> str:
    """What changed, in one sentence."""
    added = output.count(len(report.added), "document")
    there = output.count(len(report.skipped), "document")
    changes = [
        f"{done} {output.count(len(documents), 'document')}"
        for done, documents in (("moved", report.moved), ("removed", report.removed))
        if documents
    ]
    if report.added:
        pages = output.count(report.pages, "page")
        changes += [f"{there} already there"] if report.skipped else []
        more = "".join(f"; {change}" for change in changes)
        return f"Added {added} with {pages} to {library} in {report.seconds:.1f} s{more}."
    if changes:
        text = ", ".join(changes)
        return f"{text[0].upper()}{text[1:]}; {library} is as the folder is."
    if (report.failures or report.left) and not report.skipped:
        return f"Nothing was added to {library}."
    return f"Nothing to do: {library} holds {there} from there already, unchanged."
