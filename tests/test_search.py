"""Searching: what a query finds, in which order, and how it is told."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from standin import StandIn, write_pdf

from quire.engine import Library
from quire.engine.errors import SearchError
from quire.engine.score.packed import pack
from quire.engine.score.reference import maxsim_plain
from quire.engine.search.fuse import WEIGHTS
from quire.engine.search.hits import Hits

PAGES = {
    "animals.pdf": ("the cat sat on a mat", "dogs bark at night", ""),
    "ships.pdf": ("a ferry sails at noon", "l'échelle du café", "Der Café-Besitzer grüßt"),
    "world.pdf": ("马飚是何时步入政界的", "今年の売上高は増加した", "cat cat cat dogs"),
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("search")
    for name, texts in PAGES.items():
        write_pdf(folder / name, *texts)
    made = Library.open(folder / "library", StandIn(), create=True)
    made.add([folder / name for name in PAGES], metadata={"shelf": 3})
    return made


def places(hits: Hits) -> list[tuple[str, int]]:
    return [(hit.name, hit.page) for hit in hits]


@pytest.mark.parametrize(
    ("query", "page"),
    [
        ("FERRY", ("ships.pdf", 1)),
        ("ECHELLE", ("ships.pdf", 2)),
        ("échelle", ("ships.pdf", 2)),
        ("Besitzer", ("ships.pdf", 3)),
        ("政界", ("world.pdf", 1)),
        ("売上高", ("world.pdf", 2)),
        ("mat", ("animals.pdf", 1)),
    ],
)
def test_text_search_finds_words_of_many_scripts(
    library: Library, query: str, page: tuple[str, int]
) -> None:
    assert places(library.search(query, mode="text")) == [page]


def test_text_search_finds_only_pages_that_hold_a_word(library: Library) -> None:
    assert places(library.search("cat", mode="text")) == [("world.pdf", 3), ("animals.pdf", 1)]
    assert len(library.search("zebra", mode="text")) == 0
    assert len(library.search("what is the", mode="text")) == 0


def test_visual_search_gives_the_exact_score_of_every_page(library: Library) -> None:
    hits = library.search("cat mat", k=100, mode="visual")
    assert len(hits) == 9 and hits.k == 100
    query = library.encoder.encode_query("cat mat")
    stored = pack([hit.stored().vectors.multi for hit in hits])
    np.testing.assert_allclose([h.score for h in hits], maxsim_plain(query, stored), rtol=1e-5)
    assert places(hits)[0] == ("animals.pdf", 1) and hits[0].score == pytest.approx(2, abs=1e-3)


def test_hybrid_joins_both_lists_and_says_why(library: Library) -> None:
    best = library.search("cat mat")[0]
    assert (best.name, best.page) == ("animals.pdf", 1)
    assert best.reasons["visual"]["rank"] == 1 and best.reasons["text"]["rank"] == 1
    assert best.reasons["visual"]["score"] == pytest.approx(2, abs=1e-3)
    json.dumps(best.reasons)
    last = library.search("cat mat", k=9)[-1]
    assert "text" not in last.reasons and "visual" in last.reasons


@pytest.mark.parametrize("fusion", ["score", "rank"])
def test_words_that_no_page_holds_leave_the_order_to_the_looks(
    library: Library, fusion: str
) -> None:
    visual = library.search("zebra crossing", mode="visual")
    hybrid = library.search("zebra crossing", fusion=fusion)
    assert places(visual) == places(hybrid)
    assert hybrid.plan.weights == {"visual": WEIGHTS["visual"], "text": 0.0}


@pytest.mark.parametrize("mode", ["visual", "text", "hybrid"])
def test_filters_apply_before_scoring(library: Library, mode: str) -> None:
    where = {"name": "world.pdf", "page": [1, 3]}
    hits = library.search("cat dogs", mode=mode, where=where)
    assert places(hits)[0] == ("world.pdf", 3) and {hit.page for hit in hits} <= {1, 3}
    assert hits.plan.pages == 2 and hits.plan.of == 9
    assert len(library.search("cat", mode=mode, where="page > 99")) == 0
    same = library.search("cat dogs", mode=mode, where="name = 'world.pdf' AND page IN (1, 3)")
    assert places(same) == places(hits)


@pytest.mark.parametrize(
    "query",
    [
        '"unclosed cat',
        "title:cat AND (dogs OR",
        "+cat -dogs ^2 ~1 * ? \\ / [a TO b] {x}",
        "cat'; DROP TABLE pages; --",
        "cat " * 5_000,
        "猫" * 20_000,
        "cat\x00\n\t🙂\udcff",
    ],
)
def test_a_query_is_words_and_never_syntax(library: Library, query: str) -> None:
    for mode in ("text", "hybrid"):
        hits = library.search(query, mode=mode)
        assert isinstance(str(hits), str)
        if "cat" in query:
            assert {("animals.pdf", 1), ("world.pdf", 3)} <= set(places(hits))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"query": " \n"}, r"query ' \\n' is empty: ask for something"),
        ({"query": ["cat", "dog"]}, "query is list: pass one question as a string"),
        ({"k": 0}, "k=0: ask for at least 1 page"),
        ({"k": -3}, "k=-3: ask for at least 1 page"),
        ({"k": 2.5}, r"k=2\.5: ask for at least 1 page"),
        ({"mode": "hybird"}, "no mode 'hybird'; did you mean 'hybrid'"),
        ({"mode": "x"}, "no mode 'x'; choose from auto, visual, text, hybrid"),
        ({"fusion": "ranks"}, "no fusion 'ranks'; did you mean 'rank'"),
        ({"where": {"yaer": 1}}, "no column 'yaer' to filter by; columns are document, .*shelf"),
        ({"where": "yaer = 1"}, r"cannot be applied \(.*No field named yaer.*columns are .*shelf"),
        ({"where": "page ="}, r"where='page =' cannot be applied"),
        ({"where": ""}, r"where='' is empty: leave it out"),
        ({"where": "page = 'x'"}, r"cannot be applied \("),
        ({"where": 3}, r"where is int: give SQL or a dict"),
    ],
)
def test_a_request_that_makes_no_sense_is_told_the_mend(
    library: Library, arguments: dict[str, object], told: str
) -> None:
    with pytest.raises(SearchError, match=told):
        library.search(**{"query": "cat", **arguments})  # type: ignore[arg-type]


def test_hits_print_as_a_table(library: Library) -> None:
    lines = str(library.search("cat mat", k=2)).splitlines()
    assert lines[0] == "'cat mat'"
    assert re.fullmatch(
        r"hybrid: exact MaxSim over 9 pages, BM25 \(2 of 9 pages hit\), "
        r"fused by score \(visual 0\.1, text 1\), \d+ ms",
        lines[1],
    )
    assert lines[2].split() == ["score", "page", "document", "section"]
    assert lines[3].split()[0] == "1" and lines[3].split()[2:] == ["1", "animals.pdf"]
    assert len(lines) == 5
    assert str(library.search("zebra", mode="text")).endswith("no page found")


def test_hits_are_a_list(library: Library) -> None:
    hits = library.search("cat mat", k=4)
    assert len(hits) == len(list(hits)) == 4 and hits[0] in hits
    assert isinstance(hits[1:], Hits) and len(hits[1:]) == 3 and hits[-1] == list(hits)[3]
    assert not library.search("zebra", mode="text")


def test_a_notebook_sees_thumbnails_and_no_markup_of_the_query(library: Library) -> None:
    page = library.search("<script>cat</script>", k=2)._repr_html_()
    assert page.count("data:image/jpeg;base64,") == 2 and "<script>" not in page
    assert "no page found" in library.search("zebra", mode="text")._repr_html_()


def test_a_hit_shows_its_page(library: Library) -> None:
    hit = library.search("ferry")[0]
    image = hit.image()
    assert isinstance(image, Image.Image) and image.mode == "RGB"
    assert max(image.size) > 100 and "ferry" in hit.text and hit.metadata == {"shelf": 3}
    assert hit == replace(hit, _load_image=lambda: image)
    assert [word.text for word in hit.stored().words] == ["a", "ferry", "sails", "at", "noon"]


def test_closing_lets_go_of_memory_and_searching_still_works(library: Library) -> None:
    with library:
        before = places(library.search("cat"))
    assert places(library.search("cat")) == before


@pytest.mark.parametrize("odd", ["it's.pdf", "a b\udcff.pdf"])
def test_files_of_odd_names_are_found(tmp_path: Path, odd: str) -> None:
    path = tmp_path / odd
    path.write_bytes(write_pdf(tmp_path / "x.pdf", "a walrus").read_bytes())
    library = Library.open(tmp_path / "library", StandIn(), create=True)
    library.add(path)
    [hit] = library.search("walrus", where=f"page = 1 AND document = '{library.documents()[0].id}'")
    assert hit.document.paths == (str(path),) and hit.name == odd.replace("\udcff", "?")
    assert library.delete(path) and len(library) == 0
