"""The `quire` program: what it prints where, and how every slip ends."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from quire.engine.cli import opening
from quire.engine.cli.app import main
from quire.engine.encode.protocol import Vectors
from quire.ingest.budget import PixelBudget


class Letters:
    """A stand-in model: a row for each word, of a page's text layer or of a query."""

    budget = PixelBudget(max_pixels=40_000, min_pixels=3_136, factor=28)
    dim = 128
    dense_dims = (128,)

    def __init__(self, name: str = "quire-mini") -> None:
        self.name = name
        self.fingerprint = f"{sum(name.encode()):016x}"

    def describe(self) -> dict[str, Any]:
        return {"name": self.name}

    def encode_query(self, texts: Any, *, task: str = "retrieval", vectors: str = "multi") -> Any:
        return self._encode(texts, vectors)

    def encode_document(
        self, items: Any, *, task: str = "retrieval", vectors: str = "multi"
    ) -> Any:
        return self._encode(items, vectors)

    def _encode(self, items: Any, kind: str) -> Any:
        if not isinstance(items, list):
            return self._encode([items], kind)[0]
        return [self._one(getattr(item, "text", item), kind) for item in items]

    def _one(self, text: str, kind: str) -> Any:
        words = (text.lower().split() or ["nothing"])[:50]
        rows = [np.random.default_rng(list(word.encode())).normal(size=128) for word in words]
        multi = np.array([row / np.linalg.norm(row) for row in rows], dtype=np.float32)
        dense = multi.mean(axis=0)
        dense /= np.linalg.norm(dense)
        cells = np.full(len(multi), -1, dtype=np.int16)
        return {"multi": multi, "dense": dense}.get(kind, Vectors(multi, dense, cells, (0, 0)))


def pdf(*pages: str) -> bytes:
    """A PDF with one line of text a page. Its table of contents is left to the reader's repair."""
    kids = " ".join(f"{10 + 2 * i} 0 R" for i in range(len(pages)))
    parts = [
        "%PDF-1.4",
        "1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj",
        f"2 0 obj <</Type/Pages/Kids[{kids}]/Count {len(pages)}>> endobj",
        "3 0 obj <</Type/Font/Subtype/Type1/BaseFont/Helvetica>> endobj",
    ]
    for i, text in enumerate(pages):
        stream = f"BT /F 18 Tf 20 100 Td ({text}) Tj ET"
        parts.append(
            f"{10 + 2 * i} 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]"
            f"/Resources<</Font<</F 3 0 R>>>>/Contents {11 + 2 * i} 0 R>> endobj"
        )
        parts.append(
            f"{11 + 2 * i} 0 obj <</Length {len(stream)}>> stream\n{stream}\nendstream endobj"
        )
    parts.append("trailer <</Root 1 0 R>>\n%%EOF\n")
    return "\n".join(parts).encode()


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No command here loads a real model or writes outside its own folder."""
    monkeypatch.setattr(opening, "load_encoder", lambda model, _=None: Letters(model))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two documents, indexed once into `library` beside it."""
    root = tmp_path_factory.mktemp("shelf")
    (root / "docs").mkdir()
    (root / "docs" / "birds.pdf").write_bytes(pdf("owl and heron", "gull and tern"))
    (root / "docs" / "trees.pdf").write_bytes(pdf("oak and elm"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "load_encoder", lambda model, _=None: Letters(model))
        assert main(["index", str(root / "docs"), "--library", str(root / "library")]) == 0
    return root


Said = Callable[[], tuple[str, str]]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """Standard output and standard error since it was last called."""

    def read() -> tuple[str, str]:
        out, err = capsys.readouterr()
        return out, err

    return read


def one_line(text: str) -> str:
    """The text, which must be a single line of what went wrong."""
    assert text.startswith("quire: ") and text.count("\n") == 1 and "Traceback" not in text
    return text


def test_help_loads_nothing_heavy_and_is_quick() -> None:
    code = (
        "import sys, time; began = time.perf_counter()\n"
        "import quire.engine.cli\n"
        "from quire.engine.cli.app import main\n"
        "code = main(['--help']); took = time.perf_counter() - began\n"
        "heavy = {'torch', 'transformers', 'lancedb', 'pymupdf', 'numpy', 'PIL'}\n"
        "print(code, sorted(heavy & set(sys.modules)), took < 2, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr == "0 [] True\n"
    assert all(command in done.stdout for command in ("index", "search", "eval", "doctor"))


def test_python_m_runs_the_program_and_returns_its_code() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "quire.engine", "search", "x", "--library", "nowhere"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert "no library at nowhere" in one_line(done.stderr)


def test_no_command_at_all_prints_the_help(said: Said) -> None:
    assert main([]) == 0
    assert "Usage: quire" in said()[0]


def test_a_second_run_over_the_same_folder_does_nothing_and_says_so(
    shelf: Path, said: Said
) -> None:
    arguments = ["index", str(shelf / "docs"), "--library", str(shelf / "library")]
    assert main(arguments) == 0
    out, err = said()
    assert out.startswith("Nothing to do: ") and "holds 2 documents" in out
    assert err == ""


def test_index_tells_a_line_a_document_and_what_failed(tmp_path: Path, said: Said) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "good.pdf").write_bytes(pdf("one", "two"))
    (tmp_path / "docs" / "none.pdf").write_bytes(b"")
    assert main(["index", "docs"]) == 1
    out, err = said()
    assert out.startswith("Added 1 document with 2 pages to quire-library in ")
    assert err.splitlines()[0] == "good.pdf: 2 pages"
    assert err.splitlines()[1].startswith("Failed: ") and "0 bytes" in err


def test_index_as_json_is_one_object(tmp_path: Path, said: Said) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf("one"))
    (tmp_path / "none.pdf").write_bytes(b"")
    assert main(["index", "a.pdf", "none.pdf", "--json"]) == 1
    told = json.loads(said()[0])
    assert (told["added"], told["pages"], told["failures"][0]["kind"]) == (1, 1, "empty")


def test_content_counts_and_not_the_name(tmp_path: Path, said: Said) -> None:
    Image.new("RGB", (60, 80), "teal").save(tmp_path / "picture.png")
    (tmp_path / "picture.png").rename(tmp_path / "picture.pdf")
    (tmp_path / "page.png").write_bytes(pdf("one"))
    assert main(["index", "picture.pdf", "page.png"]) == 0
    assert said()[0].startswith("Added 2 documents with 2 pages")


def test_a_file_that_may_not_be_read_is_reported(tmp_path: Path, said: Said) -> None:
    (tmp_path / "link.pdf").symlink_to(tmp_path / "gone.pdf")
    assert main(["index", "link.pdf"]) == 1
    out, err = said()
    assert out == "Nothing was added to quire-library.\n"
    assert "unreadable" in err


def test_search_finds_the_page_with_the_words(shelf: Path, said: Said) -> None:
    for mode in ("visual", "text", "hybrid"):
        arguments = ["search", "gull tern", "--mode", mode, "--library", str(shelf / "library")]
        assert main(arguments) == 0
        out, err = said()
        assert "birds.pdf, page 2" in out.splitlines()[0], mode
        assert err == ""


def test_search_as_json_says_where_and_why(shelf: Path, said: Said) -> None:
    library = str(shelf / "library")
    assert main(["search", "oak", "gull", "-k", "1", "--json", "--library", library]) == 0
    first, second = json.loads(said()[0])["queries"]
    assert (first["query"], second["query"]) == ("oak", "gull")
    hit = first["hits"][0]
    assert (Path(hit["path"]).name, hit["page"]) == ("trees.pdf", 1)
    assert "oak" in hit["text"] and hit["reasons"]


def test_search_explains_its_steps_as_a_table(shelf: Path, said: Said) -> None:
    library = ["--explain", "--library", str(shelf / "library")]
    assert main(["search", "gull", "--plan", "bits", *library]) == 0
    out, _ = said()
    assert "bits: asked for" in out and "scan bits" in out and "exact MaxSim" in out
    [head] = [line for line in out.splitlines() if line.startswith("step")]
    assert head.split() == ["step", "pages", "rows", "bytes", "ms"]
    assert main(["search", "gull", "--json", *library]) == 0
    [found] = json.loads(said()[0])["queries"]
    assert found["plan"]["why"] == "few pages"
    assert "encode" in [step["name"] for step in found["plan"]["steps"]]


def test_a_library_is_made_with_fewer_rows_and_other_codes(tmp_path: Path, said: Said) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf("one two three four five six"))
    made = ["index", str(tmp_path / "a.pdf"), "--library", str(tmp_path / "library")]
    assert main([*made, "--pool", "3", "--codes", "bits", "--codes", "pooled"]) == 0
    said()
    manifest = json.loads((tmp_path / "library" / "manifest.json").read_text())
    assert manifest["codes"] == ["bits", "pooled"]
    assert manifest["pooling"] == {"factor": 3, "most": None, "places": True}
    assert main([*made, "--compact"]) == 3
    assert "keep 1 of 3 rows, not all rows, at most 40" in said()[1]
    assert main([*made[:-1], str(tmp_path / "compact"), "--compact"]) == 0
    manifest = json.loads((tmp_path / "compact" / "manifest.json").read_text())
    assert manifest["pooling"] == {"factor": 1, "most": 40, "places": False}


def test_search_draws_a_row_of_pages_for_each_query(shelf: Path, said: Said) -> None:
    library = str(shelf / "library")
    assert main(["search", "oak", "gull", "--out", "found.png", "--library", library]) == 0
    assert said()[1] == "Drew found.png.\n"
    with Image.open("found.png") as picture:
        assert picture.width > 900


def test_a_file_name_that_is_no_text_is_told_all_the_same(tmp_path: Path, said: Said) -> None:
    name = os.fsdecode(b"caf\xe9.pdf")
    try:
        (tmp_path / name).write_bytes(b"")
    except OSError:
        pytest.skip("this file system takes only names that are text")
    assert main(["index", name]) == 1
    assert "caf\\udce9.pdf: empty: " in said()[1]
    assert main(["index", name, "--json"]) == 1
    assert json.loads(said()[0])["failures"][0]["path"].endswith("caf\udce9.pdf")
    (tmp_path / name).write_bytes(pdf("coffee"))
    assert main(["index", name]) == 0
    assert "caf\\udce9.pdf: 1 page" in said()[1]
    assert main(["search", "coffee"]) == 0


def test_where_keeps_only_what_it_says(shelf: Path, said: Said) -> None:
    library = str(shelf / "library")
    assert main(["search", "oak", "--where", "page = 2", "--library", library]) == 0
    assert {line.split("page ")[1] for line in said()[0].splitlines()} == {"2"}


def test_more_pages_than_there_are_gives_all(shelf: Path, said: Said) -> None:
    library = str(shelf / "library")
    arguments = ["search", "oak", "-k", "999", "--mode", "visual", "--library", library]
    assert main(arguments) == 0
    assert len(said()[0].splitlines()) == 3


def test_a_query_of_twenty_thousand_letters_is_answered(shelf: Path) -> None:
    assert main(["search", "oak " * 5_000, "--library", str(shelf / "library")]) == 0


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["index", "no-such-folder"], 2, "no file or folder 'no-such-folder'"),
        (["index", "empty"], 2, "no document in 'empty'"),
        (["index", "notes"], 2, "no document in 'notes'"),
        (["index"], 2, "Missing argument"),
        (["serach", "x"], 2, "No such command"),
        (["search", "x", "--mode", "looks"], 2, "'looks' is not one of"),
        (["search", "", "--library", "SHELF"], 2, "query"),
        (["search", "   ", "--library", "SHELF"], 2, "query"),
        (["search", "x", "-k", "0", "--library", "SHELF"], 2, "k"),
        (["search", "x", "-k", "ten", "--library", "SHELF"], 2, "'-k'"),
        (["search", "x", "--where", "no such column", "--library", "SHELF"], 2, "where"),
        (["search", "x", "--out", "found.txt", "--library", "SHELF"], 2, "end it in .png"),
        (["search", "x", "--out", "no/found.png", "--library", "SHELF"], 2, "make it"),
        (["search", "x"], 3, "no library at quire-library"),
        (["search", "x", "--library", "notes"], 3, "no library"),
        (["search", "x", "--model", "other", "--library", "SHELF"], 3, "fingerprint"),
        (["index", "SHELF/../docs", "--model", "other", "--library", "SHELF"], 3, "fingerprint"),
        (["eval", "no-such-folder"], 2, "no folder 'no-such-folder'"),
        (["eval", "empty"], 2, "no queries.jsonl"),
        (["doctor", "--library", "no-such-library"], 3, "no library"),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_every_slip_is_one_sentence_and_a_code(
    tmp_path: Path,
    shelf: Path,
    said: Said,
    arguments: list[str],
    code: int,
    text: str,
    as_json: bool,
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "todo.ini").write_text("milk")
    given = [argument.replace("SHELF", str(shelf / "library")) for argument in arguments]
    assert main([*given, "--json"] if as_json else given) == code
    out, err = said()
    if arguments[0] == "doctor":
        assert text in (out if as_json else err)
        return
    assert text in one_line(err)
    if as_json:
        assert text in json.loads(out)["error"]
    else:
        assert out == ""
    assert not (tmp_path / "quire-library").exists()


def test_eval_indexes_and_searches_as_everybody_does(
    tmp_path: Path, shelf: Path, said: Said
) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "corpus").symlink_to(shelf / "docs")
    question = {"_id": "q", "text": "gull tern", "doc": "birds"}
    (folder / "queries.jsonl").write_text(json.dumps(question))
    (folder / "qrels.tsv").write_text("q\tbirds#2\t1\n")
    assert main(["eval", "set", "--out", "answers.jsonl"]) == 0
    out, err = said()
    assert out.startswith("set\n\nwhole folder (1 question)\n")
    assert "trees.pdf: 1 page" in err
    answers = [json.loads(line) for line in Path("answers.jsonl").read_text().splitlines()]
    assert {answer["mode"] for answer in answers} == {"text", "visual", "hybrid"}
    assert all(answer["nDCG@10"] == 1.0 for answer in answers)
    assert not (tmp_path / "quire-library").exists()

    arguments = ["eval", "set", "--mode", "visual", "--library", str(shelf / "library"), "--json"]
    assert main(arguments) == 0
    rows = json.loads(said()[0])["rows"]
    assert {(row["mode"], row["figures"]["recall@1"]["mean"]) for row in rows} == {("visual", 1.0)}


def test_eval_of_texts_takes_no_library(tmp_path: Path, said: Said) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "c.jsonl").write_text('{"_id": "a", "text": "oak"}\n')
    (tmp_path / "queries.jsonl").write_text('{"_id": "q", "text": "oak"}\n')
    (tmp_path / "qrels.tsv").write_text("q\ta\t1\n")
    assert main(["eval", ".", "--task", "code", "--mode", "multi"]) == 0
    assert "multi" in said()[0]
    assert main(["eval", ".", "--library", "x"]) == 2
    assert "holds no PDFs, leave it out" in said()[1]


def test_doctor_knows_the_parts_the_library_and_the_licence(shelf: Path, said: Said) -> None:
    assert main(["doctor", "--library", str(shelf / "library")]) == 0
    out, err = said()
    for word in ("python", "torch", "lancedb", "mupdf", "threads", "2 documents, 3 pages", "AGPL"):
        assert word in out
    assert err == ""
    assert main(["doctor", "--json"]) == 0
    told = json.loads(said()[0])
    assert (told["library"], told["problems"]) == (None, [])
