"""Real files that broke other readers: each ends as pages or as one typed failure."""

import json
from pathlib import Path

import pytest
from ingest_files import SMALL

from quire.ingest import Kind, Limits, ReadFailed, find, read

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
        try:
            with read(source, SMALL, Limits(seconds_per_page=20)) as pages:
                read_pages = list(pages)
        except ReadFailed as failed:
            kind = failed.failure.kind
            if fact.get("needs_password"):
                assert kind is Kind.PASSWORD, failed
            elif fact["opens"]:
                assert (kind, fact["pages"]) == (Kind.NO_PAGES, 0), failed
            else:
                assert kind is Kind.DAMAGED, failed
        else:
            assert len(read_pages) == fact["pages"] > 0
            for page in read_pages:
                assert page.image.width * page.image.height <= SMALL.max_pixels
                for word in page.words:
                    x0, y0, x1, y1 = word.box
                    assert 0 <= x0 <= x1 <= 1 and 0 <= y0 <= y1 <= 1
