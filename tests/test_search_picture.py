"""Searching with a picture instead of words."""

from pathlib import Path

import pytest
from standin import write_pdf

from quire.engine import Encoder, Library
from quire.engine.errors import SearchError


def test_a_part_of_a_page_finds_that_page(tmp_path: Path) -> None:
    encoder = Encoder.load("quire-mini", device="cpu")
    write_pdf(tmp_path / "a.pdf", "ferry tickets and harbour fees", "bees of the northern heath")
    library = Library.open(tmp_path / "library", encoder, create=True)
    library.add(tmp_path / "a.pdf")
    for page in (1, 2):
        image = library.search("harbour", where={"page": page})[0].image()
        part = image.crop((0, 0, image.width, image.height // 3))
        hits = library.search_picture(part)
        assert [hit.page for hit in hits] == [page, 3 - page]
        assert hits[0].score > hits[1].score and set(hits[0].reasons) == {"visual"}
        assert not hits[0].heatmap().words and hits[0].regions() == []
    assert [hit.page for hit in library.search_picture(part, where={"page": 2})] == [2]
    with pytest.raises(SearchError, match="k=0"):
        library.search_picture(part, k=0)
