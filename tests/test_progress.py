"""What is shown while a command works."""

import io

import pytest

from quire.engine.cli.adding import Pages
from quire.engine.cli.progress import bar
from quire.engine.cli.stopping import Stop
from quire.ingest.document import Document
from quire.ingest.failure import Failure, Kind


class Terminal(io.StringIO):
    """Takes text as a terminal would."""

    def isatty(self) -> bool:
        return True


def document(name: str, pages: int) -> Document:
    return Document(name, (f"/docs/{name}",), "pdf", pages, name, 1)


def test_a_terminal_gets_a_bar_with_count_rate_and_failures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with bar("Indexing", "pages", as_json=False) as shown:
        shown.at(1.5, 3, 12)
        shown.failed(2)
        shown.line("never seen")
    told = terminal.getvalue()
    assert "Indexing" in told and "12 pages, " in told and "/s" in told and "2 failed" in told
    assert "never seen" not in told


@pytest.mark.parametrize(("as_json", "expected"), [(False, "one.pdf: 2 pages\n"), (True, "")])
def test_elsewhere_there_is_a_line_a_document_and_for_json_nothing(
    capsys: pytest.CaptureFixture[str], as_json: bool, expected: str
) -> None:
    with bar("Indexing", "pages", as_json=as_json) as shown:
        pages = Pages(shown, Stop())
        pages.start(1)
        pages.page(document("one.pdf", 2), 1)
        pages.page(document("one.pdf", 2), 2)
        pages.done()
    assert capsys.readouterr() == ("", expected)


def test_the_bar_moves_by_documents_and_within_one_by_its_pages() -> None:
    seen: list[tuple[float, float, int | None]] = []
    failures: list[int] = []

    class Watch:
        def at(self, done: float, total: float, count: int | None = None) -> None:
            seen.append((done, total, count))

        def failed(self, count: int) -> None:
            failures.append(count)

        def line(self, text: str) -> None: ...

    pages = Pages(Watch(), Stop())
    pages.start(2)
    for number in (1, 2, 3, 4):
        pages.page(document("a", 4), number)
    pages.failed(Failure("/docs/b", Kind.DAMAGED, "broken"))
    assert [done for done, _, _ in seen] == [0.25, 0.5, 0.75, 1.0, 2.0]
    assert (seen[-1], failures) == ((2, 2, 4), [1])
