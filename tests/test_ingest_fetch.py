"""Documents from addresses: never from inside the house, never without end."""

import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from standin import StandIn, write_pdf

from quire.engine import Library
from quire.ingest import Kind, Limits, ReadFailed
from quire.ingest.fetch import fetch, is_address, is_public


class Answers(BaseHTTPRequestHandler):
    """A server of this test alone, on this machine."""

    pdf = b""
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path == "/doc.pdf":
            self._send(200, self.pdf)
        elif self.path == "/page":
            self._send(200, b"<h1>cats</h1>", {"Content-Type": "text/html; charset=utf-8"})
        elif self.path == "/on":
            self._send(302, b"", {"Location": "/doc.pdf"})
        elif self.path == "/loop":
            self._send(302, b"", {"Location": "/loop"})
        elif self.path == "/inside":
            self._send(302, b"", {"Location": "http://169.254.1.1/secret"})
        elif self.path == "/file":
            self._send(302, b"", {"Location": "file:///etc/passwd"})
        elif self.path == "/drip":
            self.send_response(200)
            self.end_headers()
            try:
                for _ in range(200):
                    self.wfile.write(b"x")
                    self.wfile.flush()
                    time.sleep(0.02)
            except OSError:
                pass
        elif self.path == "/short":
            self._send(200, b"x", {"Content-Length": "10"})
        else:
            self._send(404, b"")

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None: ...


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    Answers.pdf = write_pdf(tmp_path / "served.pdf", "the cat sat").read_bytes()
    Answers.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def loopback(address: object) -> bool:
    """The only machine that this test may reach."""
    return str(address) == "127.0.0.1"


def failure(url: str, folder: Path, **limits: float) -> tuple[Kind, str]:
    folder.mkdir(exist_ok=True)
    with pytest.raises(ReadFailed) as caught:
        fetch(url, folder, Limits(**limits), loopback)  # type: ignore[arg-type]
    assert caught.value.failure.path == url
    return caught.value.failure.kind, caught.value.failure.reason


def test_a_document_is_fetched_under_its_name_also_by_a_redirect(
    server: str, tmp_path: Path
) -> None:
    for place, name in (("doc.pdf", "doc.pdf"), ("on", "doc.pdf"), ("page", "page.html")):
        folder = tmp_path / place
        folder.mkdir()
        file = fetch(f"{server}/{place}", folder, Limits(), loopback)
        assert file.name == name and file.stat().st_size > 10


@pytest.mark.parametrize(
    ("place", "kind", "told"),
    [
        ("/loop", Kind.REFUSED, "more than 5 times"),
        ("/inside", Kind.REFUSED, "169.254.1.1, which is not public"),
        ("/file", Kind.REFUSED, "no address of the web"),
        ("/nothing", Kind.UNREADABLE, "answers 404"),
        ("/short", Kind.UNREADABLE, "ended too early"),
    ],
)
def test_an_answer_that_is_no_document_ends_typed(
    server: str, tmp_path: Path, place: str, kind: Kind, told: str
) -> None:
    got, reason = failure(server + place, tmp_path / "out")
    assert got is kind and told in reason


def test_size_and_time_have_their_limits(server: str, tmp_path: Path) -> None:
    kind, reason = failure(f"{server}/doc.pdf", tmp_path / "a", max_bytes=100)
    assert kind is Kind.TOO_BIG and "--limit max_bytes" in reason
    began = time.monotonic()
    kind, reason = failure(f"{server}/drip", tmp_path / "b", seconds_to_fetch=0.5)
    assert kind is Kind.TIMED_OUT and "--limit seconds_to_fetch" in reason
    assert time.monotonic() - began < 3


def test_private_machines_are_refused_when_the_connection_is_made(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ReadFailed, match=r"127\.0\.0\.1, which is not public"):
        fetch(f"{server}/doc.pdf", tmp_path, Limits())
    port = int(server.rpartition(":")[2])
    inside = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: inside)
    with pytest.raises(ReadFailed, match=r"is example\.org at 127\.0\.0\.1, which is not public"):
        fetch("http://example.org/doc.pdf", tmp_path, Limits())
    assert Answers.asked == []


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.1.1",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fc00::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_no_way_of_writing_a_private_address_is_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


def test_public_addresses_are_public() -> None:
    assert is_public(ipaddress.ip_address("192.0.43.8"))
    assert is_public(ipaddress.ip_address("2001:500:88:200::8"))


def test_addresses_with_a_password_are_refused_and_paths_are_no_addresses(tmp_path: Path) -> None:
    assert failure("http://me:secret@127.0.0.1/x", tmp_path)[0] is Kind.REFUSED
    assert is_address("HTTPS://example.org/a.pdf")
    assert not is_address("file:///a.pdf") and not is_address(Path("http://x"))


def test_a_library_keeps_a_document_under_its_address(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def near(url: str, folder: Path, limits: Limits) -> Path:
        return fetch(url, folder, limits, loopback)

    monkeypatch.setattr("quire.engine.store.gathering.fetch", near)
    library = Library.open(tmp_path / "library", StandIn(), create=True)
    url = f"{server}/doc.pdf"
    report = library.add([url, f"{server}/nothing"])
    assert [document.paths for document in report.added] == [(url,)]
    assert [(f.path, f.kind) for f in report.failures] == [(f"{server}/nothing", Kind.UNREADABLE)]
    assert library.search("cat")[0].name == "doc.pdf"
    assert len(library.add(url).skipped) == 1
    assert [document.paths for document in library.delete(url)] == [(url,)]
