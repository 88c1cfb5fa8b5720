"""Real files that broke other readers: each ends as pages or as one typed failure."""

import json
from pathlib import Path

import pytest
from ingest_files import SMALL

from quire.ingest import Failure, Kind, Limits, OpenDocument, Page, ReadFailed, find, read

ODD = Path(__file__).parents[2] / "shared" / "data" / "ingest-odd"


@pytest.mark.slow
def test_every_odd_file_ends_as_pages_or_as_a_typed_failure() -> None:
    if not ODD.is_dir():
        pytest.skip(f"needs the odd files at {ODD}")
    facts = {
        fact["file"]: fact
        for fact in map(json.loads, (ODD / "manifest.jsonl").read_text().splitlines())
    }
    found = find([ODD / "corpus"])
    assert found.failures == []
    assert len(found.documents) == len(facts) > 80
    for source in found.documents:
        fact = facts[Path(source.paths[0]).name]
        lost = []
        try:
            with read(source, SMALL, Limits(seconds_per_page=20)) as pages:
                drawn, lost = all_pages(pages)
        except ReadFailed as failed:
            kind = failed.failure.kind
            if fact.get("needs_password"):
                assert kind is Kind.PASSWORD, failed
            else:
                assert fact.get("pages", 0) == 0, failed
                assert kind in (Kind.NO_PAGES, Kind.DAMAGED, Kind.TOO_BIG), failed
            continue
        document = pages.document
        assert len(drawn) + len(lost) == document.pages
        if document.engine.startswith("pymupdf"):
            assert document.pages == fact["pages"] > 0
        else:
            assert fact.get("pages", 0) == 0  # the second library opens what the first cannot
        assert not lost or not fact["opens"]
        for page in drawn:
            assert page.image.width * page.image.height <= SMALL.max_pixels
            for word in page.words:
                x0, y0, x1, y1 = word.box
                assert 0 <= x0 <= x1 <= 1 and 0 <= y0 <= y1 <= 1


def all_pages(opened: OpenDocument) -> tuple[list[Page], list[Failure]]:
    """The pages that can be read, and why the others cannot."""
    drawn: list[Page] = []
    lost: list[Failure] = []
    while True:
        try:
            drawn.append(next(opened))
        except StopIteration:
            return drawn, lost
        except ReadFailed as failed:
            assert failed.failure.page is not None
            lost.append(failed.failure)
