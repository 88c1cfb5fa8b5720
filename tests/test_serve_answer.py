"""Answers as they are written, by generators of every temper, for clients that come and go."""

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from serving import events, listening, opener, serving
from starlette.testclient import TestClient

from quire.engine.answer.server import Server
from quire.engine.errors import AnswerError
from quire.engine.search.hits import Hit
from quire.engine.serve.settings import Settings

QUESTION = {"question": "When does the ferry sail?"}


class Writes:
    """A generator that says what it is told; what is no string it raises, or waits for."""

    name = "writes"

    def __init__(self, *pieces: str | Exception | threading.Event) -> None:
        self.pieces = pieces
        self.closed = threading.Event()

    def write(self, question: str, pages: Sequence[Hit]) -> Iterator[str]:
        try:
            for piece in self.pieces:
                if isinstance(piece, Exception):
                    raise piece
                if isinstance(piece, threading.Event):
                    piece.wait(20)
                else:
                    yield piece
        finally:
            self.closed.set()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("answers")


def asked(folder: Path, generator: Any) -> list[tuple[str, Any]]:
    with serving(opener(folder), Settings(generator=generator)) as client:
        reply = client.post("/api/answer", json=QUESTION)
        assert reply.status_code == 200
        return events(reply.text)


def test_markup_of_a_model_is_told_as_the_text_it_is(folder: Path) -> None:
    nasty = "<script>alert(1)</script> at noon [1].\n\nevent: finished\ndata: {}\n\n"
    told = asked(folder, Writes(nasty))
    assert [name for name, _ in told].count("finished") == 1
    assert "".join(value["text"] for name, value in told if name == "written") == nasty
    assert "<script>" in told[-1][1]["text"]


def test_letters_that_are_none_do_not_end_the_stream(folder: Path) -> None:
    assert asked(folder, Writes("At noon \ud800\x00 [1]."))[-1][0] == "finished"


def test_a_generator_that_is_down_is_told_as_an_error(folder: Path) -> None:
    nobody = Server(url="http://127.0.0.1:9/v1", model="m", vision=False)
    told = asked(folder, nobody)
    assert [name for name, _ in told] == ["retrieved", "error"]
    assert "cannot be reached" in told[-1][1]["message"]


def test_a_generator_that_breaks_off_leaves_what_it_said(folder: Path) -> None:
    told = asked(folder, Writes("The ferry sails at noon [1].", AnswerError("the line went dead")))
    assert told[-1][1]["outcome"] == "incomplete" and told[-1][1]["note"] == "the line went dead"
    assert told[-1][1]["text"] == "The ferry sails at noon [1]."


def test_a_generator_that_fails_by_a_bug_gives_nothing_away(folder: Path) -> None:
    told = asked(folder, Writes("A. ", RuntimeError("/secret/path")))
    assert told[-1][0] == "error" and "secret" not in str(told)
    assert told[-1][1]["type"] == "internal"


def test_a_generator_that_cites_pages_that_are_not_there_is_found_out(folder: Path) -> None:
    end = asked(folder, Writes("It sails at noon [1][99]."))[-1][1]
    [good, bad] = end["claims"][0]["citations"]
    assert good["verified"] and not bad["verified"] and bad["document"] is None
    silent = asked(folder, Writes(""))
    assert silent[-1][0] == "error" and "wrote nothing" in silent[-1][1]["message"]


def test_a_generator_without_end_is_cut(folder: Path) -> None:
    class Endless(Writes):
        def write(self, question: str, pages: Sequence[Hit]) -> Iterator[str]:
            while True:
                yield "and on " * 50

    assert asked(folder, Endless())[-1][1]["outcome"] == "incomplete"


def test_what_is_written_arrives_before_the_rest_is_known(folder: Path) -> None:
    more = threading.Event()
    slow = Writes("It sails ", more, "at noon [1].")
    settings = Settings(generator=slow)
    with (
        listening(opener(folder), settings) as (address, _),
        httpx2.stream("POST", f"{address}/api/answer", json=QUESTION, timeout=20) as reply,
    ):
        text = ""
        for piece in reply.iter_text():
            text += piece
            if "It sails" in text and not more.is_set():
                assert "noon" not in text.split("written", 1)[1]
                more.set()
        assert events(text)[-1][0] == "finished"


def test_a_client_that_goes_away_ends_the_generator_and_frees_its_place(folder: Path) -> None:
    more = threading.Event()
    slow = Writes("It sails ", more, "at noon ", "[1].")
    with listening(opener(folder), Settings(generator=slow, streams=1)) as (address, app):
        url = f"{address}/api/answer"
        with httpx2.stream("POST", url, json=QUESTION, timeout=20) as reply:
            pieces = reply.iter_text()
            next(pieces)
            busy = httpx2.post(url, json=QUESTION)
            assert busy.status_code == 503 and busy.json()["error"]["type"] == "busy"
        for _ in range(100):
            if app.state.desk.streams == 0:
                break
            time.sleep(0.05)
        assert app.state.desk.streams == 0
        more.set()
        assert slow.closed.wait(10)
        app.state.desk.settings.generator.pieces = ("At noon [1].",)
        assert events(httpx2.post(url, json=QUESTION).text)[-1][0] == "finished"


def test_a_client_that_goes_away_while_it_uploads_leaves_nothing(folder: Path) -> None:
    with listening(opener(folder)) as (address, _):
        parts = urlsplit(address)
        with socket.create_connection((parts.hostname, parts.port)) as line:  # type: ignore[arg-type]
            line.sendall(
                f"POST /api/documents HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: 99999\r\n"
                "Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\nContent-Disposition: "
                'form-data; name="files"; filename="a.pdf"\r\n\r\n%PDF-1.7 and then no'.encode()
            )
        time.sleep(0.3)
        assert httpx2.get(f"{address}/api/jobs").json() == []
        uploads = folder / "library" / "uploads"
        assert not uploads.exists() or not list(uploads.iterdir())


def test_a_request_that_never_ends_is_given_up(folder: Path) -> None:
    with listening(opener(folder), Settings(seconds_for_body=0.3)) as (address, _):
        parts = urlsplit(address)
        with socket.create_connection((parts.hostname, parts.port)) as line:  # type: ignore[arg-type]
            line.settimeout(5)
            line.sendall(
                f"POST /api/search HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: 100\r\n"
                'Content-Type: application/json\r\n\r\n{"query"'.encode()
            )
            assert b" 408 " in line.recv(4096)


def test_a_question_for_an_empty_library_is_told_so(tmp_path: Path) -> None:
    with serving(opener(tmp_path, empty=True)) as client:
        told = events(client.post("/api/answer", json=QUESTION).text)
        assert told == [("error", {"message": told[0][1]["message"], "type": "empty library"})]


def test_no_request_can_choose_the_generator(folder: Path) -> None:
    with serving(opener(folder)) as client:
        more = {**QUESTION, "generator": "/etc"}
        assert isinstance(client, TestClient)
        assert client.post("/api/answer", json=more).status_code == 422
