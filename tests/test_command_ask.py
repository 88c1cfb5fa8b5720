"""`quire ask`: what it prints, and how it ends."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from standin import StandIn, write_pdf

from quire.engine import Library
from quire.engine.answer import choosing
from quire.engine.cli import opening
from quire.engine.cli.app import main
from quire.engine.cli.ask import printable
from quire.engine.errors import AnswerError
from quire.engine.search.hits import Hit


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("ask")
    write_pdf(folder / "ships.pdf", "The ferry sails at noon.", "The captain retires.")
    library = Library.open(folder / "library", StandIn("quire-mini"), create=True)
    library.add(folder / "ships.pdf")
    return str(folder / "library")


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "load_encoder", lambda *_, **__: StandIn("quire-mini"))


def says(monkeypatch: pytest.MonkeyPatch, text: str, error: str = "") -> None:
    class Says:
        name = "says"

        def write(self, question: str, pages: Sequence[Hit]) -> Iterator[str]:
            yield from text
            if error:
                raise AnswerError(error)

    monkeypatch.setattr(choosing, "generator_of", lambda _: Says())


def test_an_answer_names_its_page(made: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "When does the ferry sail?", "--library", made]) == 0
    said = capsys.readouterr().out
    assert said.startswith('"The ferry sails at') and '" [1]' in said
    assert "[1] ships.pdf, page 1 (quote at" in said


def test_json_holds_the_whole_answer(made: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "When does the ferry sail?", "--library", made, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["outcome"] == "answered"
    [citation] = told["claims"][0]["citations"]
    assert (citation["name"], citation["page"], citation["verified"]) == ("ships.pdf", 1, True)


def test_not_in_your_documents_is_an_answer(made: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "quarterly dividend of the museum", "--library", made]) == 0
    assert capsys.readouterr().out.startswith("Not in your documents: ")


def test_what_is_not_verified_is_marked(
    made: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    says(monkeypatch, "The ferry sails at noon [1]. Bears hibernate [7].\x1b[31m")
    assert main(["ask", "When does the ferry sail?", "--library", made]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "The ferry sails at noon. [1]"
    assert lines[1].startswith("Bears hibernate") and lines[1].endswith("[7]   (not verified)")
    assert "[7] there is no page [7]: the last is [1]" in lines
    assert "\x1b" not in "".join(lines)


def test_an_answer_that_breaks_off_ends_with_1(
    made: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    says(monkeypatch, "The ferry sails at noon [1].", error="the line went dead")
    assert main(["ask", "When does the ferry sail?", "--library", made]) == 1
    said = capsys.readouterr()
    assert "The ferry sails at noon" in said.out
    assert "broke off: the line went dead" in said.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--generator", "gpt"], 3, "no generator 'gpt'"),
        (["--generator", "server"], 3, "set OPENAI_BASE_URL"),
        (["-k", "0"], 2, "k=0"),
    ],
)
def test_slips_end_with_a_sentence(
    made: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert main(["ask", "ferry", "--library", made, *arguments]) == code
    assert message in capsys.readouterr().err


def test_a_missing_library_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "ferry", "--library", str(tmp_path / "none")]) == 3
    assert "no library at" in capsys.readouterr().err


def test_control_characters_are_not_printed() -> None:
    assert printable("a\x1b[31mb\x07\ttext é 今") == "a [31mb  text é 今"
