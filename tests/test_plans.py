"""The plan of a search: what is chosen, that it finds the same, and what it tells."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from standin import StandIn, write_pdf

from quire.engine import Library
from quire.engine.errors import EngineError, SearchError
from quire.engine.score.cuda import OnDevice
from quire.engine.score.int8 import encode_int8
from quire.engine.score.packed import pack
from quire.engine.search import planner
from quire.engine.search.planner import Facts, choose
from quire.engine.search.residence import Residence
from quire.engine.search.steps import Steps, as_table

ALL = ("bits", "int8", "pooled")
WORDS = """
    ant bee cat dog elk fox gnu hen ibis jay kite lynx mole newt owl pig
""".split()  # noqa: SIM905 (a line reads better than a column)
FACTS = Facts(
    pages=100_000, rows=70_000_000, size=18 << 30, memory=6 << 30, codes=("bits",), device="cpu",
    k=10,
)  # fmt: skip


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Forty pages in four documents; page i of document d holds words i, i + 1 and i + 3 + d."""
    folder = tmp_path_factory.mktemp("plans")
    for d in range(4):
        pages = [
            " ".join(WORDS[(i + step) % len(WORDS)] for step in (0, 1, 3 + d)) for i in range(10)
        ]
        write_pdf(folder / f"{d}.pdf", *pages)
    made = Library.open(folder / "library", StandIn(), create=True, codes=ALL)
    made.add(folder)
    return made


def places(hits: object) -> list[tuple[str, int]]:
    return [(hit.name, hit.page) for hit in hits]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("facts", "scan", "held", "why"),
    [
        ({}, "bits", False, "rows do not fit in memory"),
        ({"memory": 20 << 30}, "bits", False, "many pages"),
        ({"memory": 20 << 30, "device": "cuda:0"}, None, True, "rows fit in memory"),
        ({"pages": 5_000, "rows": 3_500_000, "size": 900 << 20}, None, True, "rows fit"),
        ({"pages": 200, "rows": 140_000}, None, False, "few pages"),
        ({"codes": ()}, None, False, "keeps no codes"),
        ({"codes": ("int8",)}, "int8", False, "rows do not fit"),
    ],
)
def test_pages_memory_device_and_filter_decide(
    facts: dict[str, object], scan: str | None, held: bool, why: str
) -> None:
    choice = choose("auto", replace(FACTS, **facts))  # type: ignore[arg-type]
    assert (choice.scan, choice.held) == (scan, held) and why in choice.why


def test_a_scan_hands_on_more_pages_of_a_larger_library_and_for_more_hits() -> None:
    assert choose("auto", FACTS).best == 474
    assert choose("auto", replace(FACTS, pages=1_000)).best == 200
    assert choose("auto", replace(FACTS, k=100)).best == 2_000
    assert choose("bits", replace(FACTS, pages=50)).best == 50


@pytest.mark.parametrize("mode", ["visual", "hybrid"])
@pytest.mark.parametrize("plan", ["auto", "exact", *ALL])
def test_every_plan_finds_the_same(library: Library, plan: str, mode: str) -> None:
    exact = library.search("elk fox hen", mode=mode, plan="exact")
    found = library.search("elk fox hen", mode=mode, plan=plan)
    assert places(found) == places(exact)
    np.testing.assert_allclose([h.score for h in found], [h.score for h in exact], rtol=1e-5)


@pytest.mark.parametrize("plan", ALL)
def test_hits_carry_exact_scores_and_pages_that_were_only_estimated_are_no_hits(
    library: Library, monkeypatch: pytest.MonkeyPatch, plan: str
) -> None:
    monkeypatch.setattr(planner, "DEPTH", 3)
    monkeypatch.setattr(planner, "PER_HIT", 1)
    exact = {
        (hit.name, hit.page): hit.score
        for hit in library.search("elk fox", k=40, mode="visual", plan="exact")
    }
    found = library.search("elk fox", k=3, mode="visual", plan=plan)
    assert len(found) == 3 and found.plan.choice is not None and found.plan.choice.best == 9
    for hit in found:
        assert hit.score == pytest.approx(exact[hit.name, hit.page], rel=1e-5)


def test_pages_with_words_of_the_query_are_scored_exactly_too(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planner, "DEPTH", 1)
    monkeypatch.setattr(planner, "PER_HIT", 1)
    found = library.search("owl", k=2, mode="hybrid", plan="pooled")
    assert all("owl" in hit.text for hit in found)
    assert {"visual", "text"} <= found[0].reasons.keys()


def test_a_filter_that_leaves_few_pages_scans_only_those(library: Library) -> None:
    hits = library.search("elk", k=50, where="name = '1.pdf'", mode="visual")
    assert len(hits) == 10 and hits.plan.pages == 10
    read = [step for step in hits.plan.steps if step.name == "exact MaxSim"]
    assert sum(step.pages for step in read) == 10
    hits = library.search("elk", where={"name": "1.pdf"}, mode="visual", plan="int8")
    [scan] = [step for step in hits.plan.steps if step.name == "scan int8"]
    assert scan.pages == 10 and {hit.name for hit in hits} == {"1.pdf"}


@pytest.mark.parametrize("plan", ["auto", "exact", *ALL])
def test_a_filter_that_matches_nothing_finds_nothing(library: Library, plan: str) -> None:
    for mode in ("visual", "hybrid"):
        assert len(library.search("elk", where="page > 99", mode=mode, plan=plan)) == 0


@pytest.mark.parametrize("plan", ["auto", *ALL])
def test_more_hits_than_pages_are_all_pages(library: Library, plan: str) -> None:
    hits = library.search("elk", k=1_000, mode="visual", plan=plan)
    assert len(set(places(hits))) == len(hits) == 40


@pytest.mark.parametrize("plan", ["auto", *ALL])
@pytest.mark.parametrize("words", [1, 2_000])
def test_queries_of_one_row_and_of_two_thousand(library: Library, plan: str, words: int) -> None:
    query = " ".join(WORDS[i % len(WORDS)] for i in range(words))
    exact = library.search(query, k=40, mode="visual", plan="exact")
    found = library.search(query, k=40, mode="visual", plan=plan)
    np.testing.assert_allclose([h.score for h in found], [h.score for h in exact], rtol=1e-4)


@pytest.mark.parametrize("plan", ["auto", "bits", "int8"])
def test_many_questions_at_once_are_answered_as_one_by_one(library: Library, plan: str) -> None:
    queries = ["elk fox", "owl", "ant bee cat", "zebra"]
    for query, many in zip(queries, library.search_many(queries, plan=plan), strict=True):
        one = library.search(query, plan=plan)
        assert many.query == query and places(many) == places(one)
        np.testing.assert_allclose([h.score for h in many], [h.score for h in one], rtol=1e-5)
    assert library.search_many([]) == []
    with pytest.raises(EngineError, match="search_many takes a list"):
        library.search_many("elk")


def test_auto_is_by_looks_alone_where_no_page_has_text(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", "", "")
    write_pdf(tmp_path / "b.pdf", "a word")
    library = Library.open(tmp_path / "library", StandIn(), create=True)
    library.add(tmp_path / "a.pdf")
    assert library.search("word").plan.mode == "visual"
    library.add(tmp_path / "b.pdf")
    assert library.search("word").plan.mode == "hybrid"
    assert library.search("word", where={"name": "a.pdf"}).plan.mode == "visual"


def test_rows_stay_in_memory_only_while_they_fit(library: Library) -> None:
    opened = Library.open(library.path, StandIn(), memory=40 * 3 * 128 * 2)
    looks = opened._searcher._looks
    opened.search("elk", mode="visual", plan="exact")
    assert looks._rows.held(opened._searcher._contents) is not None
    looks.means = replace(looks.means, memory=1_000)
    hits = opened.search("elk", k=40, mode="visual", plan="exact")
    assert looks._rows.held(opened._searcher._contents) is None and len(hits) == 40
    assert places(hits) == places(library.search("elk", k=40, mode="visual", plan="exact"))


def test_codes_that_are_not_kept_cannot_be_asked_for(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", "a word")
    library = Library.open(tmp_path / "library", StandIn(), create=True, codes=())
    library.add(tmp_path / "a.pdf")
    assert library.check() == [] and len(library.search("word", plan="exact")) == 1
    with pytest.raises(SearchError, match="plan='bits': this library keeps codes of no kind"):
        library.search("word", plan="bits")
    with pytest.raises(SearchError, match="no plan 'exakt'; did you mean 'exact'"):
        library.search("word", plan="exakt")


def test_the_steps_are_told_with_pages_rows_bytes_and_time(library: Library) -> None:
    hits = Library.open(library.path, StandIn()).search("elk fox", plan="bits")
    told = {step.name: step for step in hits.plan.steps}
    assert list(told) == [
        "read contents", "filter", "encode", "BM25",
        "scan bits", "read rows", "exact MaxSim", "rank",
    ]  # fmt: skip
    assert told["scan bits"].pages == 40 and told["scan bits"].bytes > 0
    assert told["read rows"].rows == 120 and told["read rows"].bytes == 120 * 128 * 2
    lines = hits.plan.explain().splitlines()
    assert lines[1] == "bits: asked for" and len(lines) == 3 + len(told)
    assert "scan of bits over 40 pages, exact MaxSim of the best 40" in str(hits.plan)


def test_a_table_of_steps_has_a_column_of_one_width_for_each_number() -> None:
    steps = Steps()
    with steps.step("scan", pages=1_000, rows=7, size=12_345):
        pass
    with pytest.raises(ValueError), steps.step("read"):
        raise ValueError
    with steps.step("scan", pages=500, rows=2):
        pass
    head, scan, read = as_table(steps.taken).splitlines()
    assert scan.startswith("scan  1,500     9  12,345  ") and read.startswith("read  ")
    assert len(head) == len(scan) == len(read)


@pytest.fixture
def on_cpu(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Residence]:
    """A device that is really the CPU, with a budget in bytes."""
    load = OnDevice.load
    monkeypatch.setattr(OnDevice, "load", lambda pages, device: load(pages, "cpu"))
    return lambda memory: Residence("pretended", memory)


def test_pages_move_to_a_device_once_while_they_fit(on_cpu: Callable[[int], Residence]) -> None:
    one = encode_int8(pack([np.ones((8, 8), np.float16)]))
    two = encode_int8(pack([np.ones((9, 8), np.float16)]))
    residence = on_cpu(200)
    first = residence.of(one)
    assert first is not None and residence.of(one) is first
    assert residence.of(two) is not None  # 64 and 72 bytes of codes, and offsets
    assert residence.of(one) is first
    third = encode_int8(pack([np.ones((10, 8), np.float16)]))
    assert residence.of(third) is None  # nothing is moved to and fro
    residence.only([third])  # the files of the others are gone
    assert residence.of(third) is not None and residence.of(one) is not first
    assert on_cpu(63).of(one) is None
    assert Residence("cpu", None).of(one) is None
    rows = pack([np.ones((1, 8), np.float16)])
    kept = residence.of(rows)
    assert residence.of(rows) is kept
    assert residence.of(pack([np.zeros((1, 8), np.float16)])) is not None
    assert residence.of(rows) is not kept  # other rows: the library has changed


def test_a_device_that_takes_nothing_leaves_the_work_to_the_cpu(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(pages: object, device: str) -> OnDevice:
        raise RuntimeError("no such device")

    monkeypatch.setattr(OnDevice, "load", refuse)
    assert Residence("pretended", 1_000).of(pack([np.ones((4, 8), np.float16)])) is None
    assert "pretended does not take 64 bytes (no such device)" in caplog.text


def test_a_library_on_a_device_finds_the_same(
    library: Library, on_cpu: Callable[[int], Residence]
) -> None:
    plain = library.search("elk fox", mode="visual", plan="exact")
    opened = Library.open(library.path, StandIn())
    opened._searcher._looks._residence = on_cpu(1 << 20)
    monkey = opened._searcher._looks
    hits = opened.search("elk fox", mode="visual", plan="exact")
    assert places(hits) == places(plain)
    assert "exact MaxSim on the device" in [step.name for step in hits.plan.steps]
    hits = opened.search("elk fox", mode="visual", plan="int8")
    assert places(hits) == places(plain) and len(monkey._residence._kept) == 2
    assert monkey._residence.of(monkey._rows.of(opened._searcher._contents)) is not None
