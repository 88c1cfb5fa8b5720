"""Source code is encoded by its text for the task `code`, and asked by that task."""

from pathlib import Path

import numpy as np
import pytest
from standin import StandIn, TwoTasks, write_pdf

from quire.engine import Encoder, Library
from quire.engine.score.packed import pack
from quire.engine.score.reference import maxsim_plain
from quire.engine.search.fuse import WEIGHTS
from quire.engine.search.hits import Hits
from quire.engine.serve.encoding import SharedEncoder

SOURCES = {
    "sort.py": "def sort items : return sorted items",
    "read.py": "def read file : return open file",
    "add.go": "func add a b return a plus b",
}


def write_sources(folder: Path) -> list[Path]:
    for name, text in SOURCES.items():
        (folder / name).write_text(text)
    return [folder / name for name in SOURCES]


def names(hits: Hits) -> list[str]:
    return [hit.name for hit in hits]


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("code")
    made = Library.open(folder / "library", TwoTasks(), create=True)
    made.add(write_sources(folder))
    return made


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("mixed")
    write_pdf(folder / "ships.pdf", "a ferry sails at noon", "read the file of harbour fees", "")
    kinds = ("bits", "int8", "pooled")
    made = Library.open(folder / "library", TwoTasks(), create=True, codes=kinds)
    made.add([*write_sources(folder), folder / "ships.pdf"])
    return made


def tasks_of(library: Library) -> dict[str, str]:
    found = library._tables.pages.search().select(["text", "task"]).to_arrow().to_pylist()
    return {page["text"].strip(): page["task"] for page in found}


def test_pages_say_which_task_made_them(mixed: Library) -> None:
    told = tasks_of(mixed)
    assert {told[text] for text in SOURCES.values()} == {"code"}
    assert {task for text, task in told.items() if text not in SOURCES.values()} == {"retrieval"}
    assert mixed.check() == []


def test_blank_code_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "blank.py").write_text("\n\n")
    library = Library.open(tmp_path / "library", TwoTasks(), create=True)
    library.add(tmp_path / "blank.py")
    assert tasks_of(library) == {"": "retrieval"}
    assert len(library.search("anything")) == 1


def test_an_encoder_without_the_task_looks_at_code_as_at_any_page(tmp_path: Path) -> None:
    library = Library.open(tmp_path / "library", StandIn(), create=True)
    library.add(write_sources(tmp_path))
    assert set(tasks_of(library).values()) == {"retrieval"}
    assert set(library.search("sort")[0].reasons) == {"visual", "text"}


def test_code_alone_is_scored_exactly_by_the_code_query(code: Library) -> None:
    hits = code.search("sort the items", k=9, mode="visual")
    query = code.encoder.encode_query("sort the items", task="code")
    stored = pack([hit.stored().vectors.multi for hit in hits])
    np.testing.assert_allclose([hit.score for hit in hits], maxsim_plain(query, stored), rtol=1e-5)
    assert hits[0].name == "sort.py" and set(hits[0].reasons) == {"code"}
    assert hits[0].reasons["code"]["score"] == hits[0].score


def test_most_of_a_library_is_scored_as_the_whole_of_it(code: Library) -> None:
    whole = {hit.name: hit.score for hit in code.search("sort add file", mode="visual")}
    most = code.search("sort add file", mode="visual", where="name != 'add.go'")
    assert {hit.name: hit.score for hit in most} == {n: whole[n] for n in ("sort.py", "read.py")}


def test_the_encoder_of_a_server_has_the_tasks_of_the_one_it_shares() -> None:
    assert SharedEncoder(TwoTasks()).tasks == ("retrieval", "code")
    assert SharedEncoder(StandIn()).tasks == ("retrieval",)


def test_a_query_is_encoded_once_for_each_task_that_is_in_scope(mixed: Library) -> None:
    encoder = mixed.encoder
    assert isinstance(encoder, TwoTasks)
    for where, tasks in (
        (None, ["retrieval", "code"]),
        ({"kind": "pdf"}, ["retrieval"]),
        ({"kind": "code"}, ["code"]),
        ("page > 99", ["retrieval"]),
    ):
        encoder.asked.clear()
        mixed.search_many(["read a file", "ferry"], where=where)
        assert encoder.asked == tasks
    encoder.asked.clear()
    mixed.search("ferry", mode="text")
    assert encoder.asked == []


def test_each_list_says_something_of_its_own_pages_alone(mixed: Library) -> None:
    hits = mixed.search("read file", k=9)
    assert len(hits) == 6
    for hit in hits:
        assert ("code" in hit.reasons) == (hit.document.kind == "code")
        assert ("visual" in hit.reasons) == (hit.document.kind == "pdf")
    assert hits.plan.weights == {name: WEIGHTS[name] for name in ("visual", "code", "text")}
    assert {names(hits)[0], names(hits)[1]} == {"read.py", "ships.pdf"}


def test_by_looks_both_kinds_stand_in_one_list(mixed: Library) -> None:
    assert names(mixed.search("ferry noon", mode="visual"))[0] == "ships.pdf"
    hits = mixed.search("sort items", k=9, mode="visual")
    assert len(hits) == 6 and names(hits)[0] == "sort.py"
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("mode", ["visual", "hybrid"])
@pytest.mark.parametrize("plan", ["bits", "int8", "pooled"])
def test_a_scan_finds_what_exact_scoring_finds(mixed: Library, plan: str, mode: str) -> None:
    for query in ("sort items", "ferry noon"):
        exact = mixed.search(query, k=9, mode=mode, plan="exact")
        scanned = mixed.search(query, k=9, mode=mode, plan=plan)
        assert names(scanned) == names(exact)
        np.testing.assert_allclose([h.score for h in scanned], [h.score for h in exact], rtol=1e-4)


def test_many_queries_at_once_find_what_each_finds(mixed: Library) -> None:
    queries = ["sort items", "ferry noon", "zebra"]
    together = mixed.search_many(queries, k=9)
    for query, hits in zip(queries, together, strict=True):
        alone = mixed.search(query, k=9)
        assert names(hits) == names(alone)
        np.testing.assert_allclose([h.score for h in hits], [h.score for h in alone], rtol=1e-5)


def test_a_picture_is_compared_with_pages_that_were_looked_at(mixed: Library) -> None:
    picture = mixed.search("ferry")[0].image()
    hits = mixed.search_picture(picture)
    assert {hit.document.kind for hit in hits} == {"pdf"} and hits.plan.pages == 3
    assert len(mixed.search_picture(picture, where={"kind": "code"})) == 0


def test_code_is_explained_by_rows_of_its_task(mixed: Library) -> None:
    code, page = (mixed.search("read file", where={"kind": kind})[0] for kind in ("code", "pdf"))
    for hit, said in ((code, "code"), (page, "retrieval")):
        query = mixed.encoder.encode_query("read file", task=said)
        np.testing.assert_allclose(hit._asked.question.rows, query, atol=1e-6)
    assert code.heatmap().whole.size == 0 and code.heatmap().image().width > 0
    assert all(region.text for region in code.regions())
    claim = code.about("open file")._asked.question
    np.testing.assert_allclose(claim.rows, mixed.encoder.encode_query("open file", task="code"))
    assert 0 < code.relevance <= 1


def test_code_is_answered_from(mixed: Library) -> None:
    answer = mixed.answer("what does read file return", where={"kind": "code"})
    assert answer.pages and all(hit.document.kind == "code" for hit in answer.pages)


def test_code_that_was_looked_at_stays_so_beside_what_is_added(tmp_path: Path) -> None:
    class Before(StandIn):
        """The same encoder, when code was not yet asked for its task."""

    paths = write_sources(tmp_path)
    old = Library.open(tmp_path / "library", Before("two tasks"), create=True)
    old.add(paths[:2])
    library = Library.open(tmp_path / "library", TwoTasks())
    before = library.search("sort items", mode="visual")
    assert set(before[0].reasons) == {"visual"}
    assert [h.score for h in before] == [h.score for h in old.search("sort items", mode="visual")]
    library.add(paths)
    assert sorted(tasks_of(library).values()) == ["code", "retrieval", "retrieval"]
    after = library.search("sort items", k=9)
    assert names(after)[0] == "sort.py" and set(after[0].reasons) == {"visual", "text"}


def test_the_task_travels_with_an_export(mixed: Library, tmp_path: Path) -> None:
    mixed.export(tmp_path / "library.zip")
    other = Library.make_like(tmp_path / "library.zip", tmp_path / "other", TwoTasks())
    other.import_(tmp_path / "library.zip")
    assert tasks_of(other) == tasks_of(mixed) and other.check() == []
    assert names(other.search("sort items", k=9)) == names(mixed.search("sort items", k=9))


FUNCTIONS = {
    "a.py": "def f(x):\n    return sorted(x, reverse=True)\n",
    "b.py": "def g(path):\n    with open(path) as handle:\n        return handle.readlines()\n",
    "c.py": "def h(a, b):\n    return a + b\n",
    "d.py": "def m(text):\n    return text.upper()\n",
    "e.py": "def n(values):\n    return sum(values) / len(values)\n",
    "f.py": "def p(url):\n    return requests.get(url, timeout=10).json()\n",
}


def test_the_encoder_of_the_package_finds_functions_by_what_they_do(tmp_path: Path) -> None:
    for name, text in FUNCTIONS.items():
        (tmp_path / name).write_text(text)
    encoder = Encoder.load("quire-mini", device="cpu")
    library = Library.open(tmp_path / "library", encoder, create=True)
    library.add([tmp_path / name for name in FUNCTIONS])
    for query, name in (
        ("sort a list from large to small", "a.py"),
        ("read the lines of a file", "b.py"),
        ("average of a list of numbers", "e.py"),
        ("download json from a web address", "f.py"),
    ):
        for mode in ("visual", "auto"):
            best = library.search(query, mode=mode)[0]
            assert best.name == name, (query, mode, best.name)
    assert best.regions()[0].text and best.heatmap().whole.size == 0
