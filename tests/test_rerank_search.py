"""Reranking in a search: which pages are read again, and where those stand that cannot be."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from standin import StandIn, write_pdf

from quire.engine import Library
from quire.engine.errors import RerankError, SearchError
from quire.engine.rerank.protocol import Reranker
from quire.engine.search.hits import Hits
from quire.engine.search.rerank import RERANK_TOP, rerank

PAGES = ("cat one", "cat two two", "", "cat four four four four", "dog five")


class Lengths:
    """The more letters or pixels, the better. `seen` keeps what it was given."""

    name = "lengths"
    fingerprint = "0" * 16

    def __init__(self, reads: Any = "text") -> None:
        self.reads = reads
        self.seen: list[Any] = []

    def describe(self) -> dict[str, Any]:
        return {"name": self.name, "reads": self.reads}

    def score(self, query: str, candidates: Sequence[Any]) -> Any:
        self.seen.append(list(candidates))
        sizes = [len(c.strip()) if isinstance(c, str) else np.asarray(c).sum() for c in candidates]
        return np.array(sizes, dtype=np.float32)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("rerank")
    made = Library.open(folder / "library", StandIn(), create=True)
    made.add([write_pdf(folder / "pages.pdf", *PAGES)])
    return made


def pages(hits: Sequence[Any]) -> list[int]:
    return [hit.page for hit in hits]


def test_a_stand_in_is_a_reranker() -> None:
    assert isinstance(Lengths(), Reranker)


def test_the_reranker_decides_the_order_and_its_score_is_a_reason(library: Library) -> None:
    plain = library.search("cat", mode="text", k=2)
    hits = library.search("cat", mode="text", k=2, rerank=Lengths())
    assert pages(plain) == [1, 2] and pages(hits) == [4, 2]
    best = hits[0]
    assert best.score == len("cat four four four four")
    assert best.reasons["rerank"] == {"score": best.score, "rank": 1}
    assert best.reasons["text"]["rank"] == 3
    assert "best 3 reranked by lengths" in str(hits.plan)


def test_only_the_best_pages_are_read_again(library: Library) -> None:
    reranker = Lengths()
    hits = library.search("cat", k=1, mode="text", rerank=reranker, rerank_top=2)
    assert [text.split() for text in reranker.seen[0]] == [["cat", "one"], ["cat", "two", "two"]]
    assert pages(hits) == [2]


def test_without_a_number_twenty_pages_are_read_and_never_fewer_than_k(library: Library) -> None:
    reranker = Lengths("pages")
    library.search("cat", k=1, rerank=reranker)
    assert RERANK_TOP == 20 and len(reranker.seen[0]) == len(PAGES)


def test_a_page_without_text_keeps_its_place_and_takes_the_score_above(library: Library) -> None:
    hits = list(library.search("cat", mode="visual"))
    silent = next(hit for hit in hits if hit.page == 3)
    first, second, third = (hit for hit in hits if hit.page in (1, 2, 4))
    order = [first, silent, second, third]
    found = rerank(Lengths(), "cat", order)
    assert pages(found) == [4, 3, 2, 1]
    assert [hit.score for hit in found] == [23, 23, 11, 7]
    assert "rerank" not in found[1].reasons and found[1].reasons == silent.reasons


def test_at_the_top_it_takes_the_score_below(library: Library) -> None:
    hits = list(library.search("cat", mode="visual"))
    order = sorted(hits, key=lambda hit: hit.page != 3)
    found = rerank(Lengths(), "cat", order)
    assert found[0].page == 3 and found[0].score == found[1].score == 23


def test_when_no_page_can_be_read_all_stays_as_it_was(library: Library) -> None:
    reranker = Lengths()
    silent = [replace(hit, text=" \n") for hit in library.search("cat", mode="visual")]
    assert rerank(reranker, "cat", silent) == silent
    assert rerank(reranker, "cat", []) == []
    assert reranker.seen == []
    empty = library.search("cat", where="page = 3", rerank=reranker)
    assert pages(empty) == [3] and "best 0 reranked" in str(empty.plan)


def test_equal_scores_keep_the_order_of_the_search(library: Library) -> None:
    hits = [replace(hit, text="same") for hit in library.search("cat", mode="visual")]
    assert pages(rerank(Lengths(), "cat", hits)) == pages(hits)


def test_a_reranker_of_pages_gets_the_stored_pictures(library: Library) -> None:
    reranker = Lengths("pages")
    hits = library.search("cat", rerank=reranker)
    [pictures] = reranker.seen
    assert len(pictures) == len(hits) == len(PAGES)
    assert all(picture.mode == "RGB" for picture in pictures)
    assert all("rerank" in hit.reasons for hit in hits)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


@pytest.mark.parametrize("wrong", [np.zeros(2), np.zeros((3, 1)), np.array([1, np.nan, 2])])
def test_scores_that_make_no_sense_are_refused(library: Library, wrong: Any) -> None:
    reranker = Lengths()
    reranker.score = lambda query, candidates: wrong  # type: ignore[method-assign]
    with pytest.raises(RerankError, match=r"lengths gave scores of shape .* for 3 pages"):
        library.search("cat", mode="text", rerank=reranker)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"rerank_top": 5}, "rerank_top=5 without a reranker: name one with rerank="),
        ({"rerank": Lengths(), "rerank_top": 9}, "rerank_top=9 is below k=10: rerank at least"),
        ({"rerank": Lengths(), "rerank_top": 10.5}, "rerank_top=10.5"),
    ],
)
def test_a_number_of_pages_that_makes_no_sense_is_told_the_mend(
    library: Library, arguments: dict[str, Any], told: str
) -> None:
    with pytest.raises(SearchError, match=told):
        library.search("cat", **arguments)


def test_a_reranker_that_is_named_is_loaded_once(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    from quire.engine.rerank import load

    loaded: list[str] = []

    def one(name: str) -> Lengths:
        loaded.append(name)
        return Lengths()

    monkeypatch.setattr(load, "load_reranker", one)
    for _ in range(2):
        hits: Hits = library.search("cat", mode="text", k=1, rerank="some-name")
        assert pages(hits) == [4]
    assert loaded == ["some-name"]


def test_the_command_line_reranks_too(
    library: Library, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import json

    from quire.engine.cli.app import main
    from quire.engine.rerank import load

    monkeypatch.setattr(load, "load_reranker", lambda name: Lengths())
    arguments = ["search", "cat", "--mode", "text", "--library", str(library.path)]
    assert main([*arguments, "--rerank", "lengths", "-k", "2", "--json"]) == 0
    [told] = json.loads(capsys.readouterr().out)["queries"]
    assert [hit["page"] for hit in told["hits"]] == [4, 2]
    assert told["hits"][0]["reasons"]["rerank"]["rank"] == 1
    assert main([*arguments, "--rerank-top", "3"]) == 2
    assert "rerank_top=3 without a reranker" in capsys.readouterr().err
