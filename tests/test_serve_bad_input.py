"""What strangers send, and what must not come of it."""

import io
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from PIL import Image
from serving import Seeing, Slow, add, documents, events, opener, pdf_bytes, serving
from starlette.testclient import TestClient

from quire.engine.encode.protocol import Vectors
from quire.engine.serve.encoding import SharedEncoder
from quire.engine.serve.settings import Settings
from quire.engine.store.names import LONGEST, safe_name
from quire.ingest.limits import Limits
from quire.ingest.page import Page

NASTY = "<img src=x onerror=alert(1)>"
BOTH = {"vectors": "both"}
LIMITS = Limits(max_picture_pixels=1_000_000, max_unpacked_bytes=1_000_000, max_pages=50)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with serving(opener(tmp_path, empty=True), Settings(limits=LIMITS)) as client:
        yield client


def png(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("1", (width, height)).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_picture_bomb_is_refused_before_it_is_decoded(client: TestClient) -> None:
    bomb = png(20_000, 20_000)
    assert len(bomb) < 100_000
    end = add(client, ("bomb.png", bomb))
    assert end["failures"][0]["kind"] == "too big" and not end["added"]
    reply = client.post("/api/search/picture", files={"picture": ("b.png", bomb)})
    assert reply.status_code == 400 and "20000 x 20000" in reply.json()["error"]["message"]


def test_an_archive_bomb_is_refused_before_it_is_unpacked(client: TestClient) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", b"0" * 50_000_000)
    end = add(client, ("bomb.docx", buffer.getvalue()))
    assert end["state"] == "done" and len(end["failures"]) == 1 and not end["added"]


@pytest.mark.slow
def test_two_hundred_files_at_once_are_added(client: TestClient, tmp_path: Path) -> None:
    files = [(f"{i}.pdf", pdf_bytes(tmp_path, f"Leaf number {i}.")) for i in range(200)]
    end = add(client, *files)
    assert (end["state"], end["files"], len(end["added"])) == ("done", 200, 200)
    told = client.get("/api/documents").json()
    assert len(told["documents"]) == told["pages"] == 200


def test_more_files_than_are_allowed_are_refused_and_none_is_kept(tmp_path: Path) -> None:
    with serving(opener(tmp_path, empty=True), Settings(max_files=3)) as client:
        files = [("files", (f"{i}.txt", b"x")) for i in range(4)]
        reply = client.post("/api/documents", files=files)
        assert reply.status_code == 413 and "3 are allowed" in reply.json()["error"]["message"]
        assert not (tmp_path / "library" / "uploads").exists()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../x.pdf", "x.pdf"),
        ("/etc/cron.d/x.pdf", "x.pdf"),
        ("C:\\windows\\x.pdf", "x.pdf"),
        ("..", "document"),
        (".hidden.pdf", "hidden.pdf"),
        ("a\x00b\n.pdf", "a_b_.pdf"),
        (f"{NASTY}.pdf", "_img src=x onerror=alert(1)_.pdf"),
        ("Jahresbericht über Fähren 2025.pdf", "Jahresbericht über Fähren 2025.pdf"),
        ("年度报告.pdf", "年度报告.pdf"),
        ("", "document"),
        ("\udcff.pdf", "_.pdf"),
    ],
)
def test_a_name_leads_nowhere_and_stays_readable(given: str, kept: str) -> None:
    assert safe_name(given) == kept


def test_a_long_name_keeps_its_ending() -> None:
    long = safe_name("ß" * 300 + ".pdf")
    assert len(long.encode()) <= LONGEST and long.endswith("ß.pdf")
    assert len(safe_name("a." + "b" * 300).encode()) <= LONGEST


def test_an_upload_called_like_a_path_lies_in_its_own_folder(
    client: TestClient, tmp_path: Path
) -> None:
    before = {path for path in tmp_path.rglob("*") if "library" not in path.parts}
    content = pdf_bytes(tmp_path, "Nothing to see.")
    end = add(client, ("../../x.pdf", content))
    assert end["added"][0]["name"] == "x.pdf"
    [place] = (tmp_path / "library" / "uploads").glob("*/*")
    assert place.name == "x.pdf" and place.read_bytes() == content
    after = {path for path in tmp_path.rglob("*") if "library" not in path.parts}
    assert after - before == {tmp_path / "made.pdf"}


def test_markup_in_names_titles_and_pages_is_told_as_the_text_it_is(tmp_path: Path) -> None:
    named = tmp_path / f"{NASTY}.pdf"
    named.write_bytes(pdf_bytes(tmp_path, f"{NASTY} zebra </script>", title=NASTY))
    with serving(opener(tmp_path, empty=True)) as client:
        client.app.state.desk.shelf.library.add(named)  # type: ignore[attr-defined]
        assert documents(client)[named.name]["title"] == NASTY
        reply = client.post("/api/search", json={"query": "zebra <b>"})
        assert reply.headers["content-type"] == "application/json"
        assert reply.json()["hits"][0]["name"] == named.name
        assert "onerror=alert(1)> zebra </script>" in reply.json()["hits"][0]["snippet"]


def test_junk_in_place_of_a_form_is_refused(client: TestClient) -> None:
    form = {"content-type": "multipart/form-data; boundary=x"}
    for body in (b"", b"--x", b"--x\r\nContent-Disposition: form-data; name=files\r\n\r\nx"):
        reply = client.post("/api/documents", content=body, headers=form)
        assert reply.status_code in (400, 422), body
    assert client.post("/api/documents", content=b"{}").status_code == 422
    field = client.post("/api/documents", data={"files": "no file"})
    assert field.status_code == 422


def test_text_that_is_no_unicode_is_refused_or_told_in_signs(client: TestClient) -> None:
    headers = {"content-type": "application/json"}
    for body in (b'{"query": "\xff"}', b'{"query": "\\ud800"}', b"\xff", b"{", b"[" * 5_000):
        reply = client.post("/api/search", content=body, headers=headers)
        assert reply.status_code in (400, 409, 422) and reply.json()["error"]["message"], body


def test_a_job_can_be_stopped_and_what_was_finished_stays(tmp_path: Path) -> None:
    with serving(opener(tmp_path, empty=True, encoder=Slow())) as client:
        files = [
            ("files", (f"{i}.pdf", pdf_bytes(tmp_path, *[f"Leaf {i}, {j}" for j in range(9)])))
            for i in range(3)
        ]
        job = client.post("/api/documents", files=files).json()["id"]
        while not (told := client.get(f"/api/jobs/{job}").json())["pages"] > 10:
            time.sleep(0.05)
        assert told["state"] == "adding" and told["current"]["pages"] == 9
        busy = client.delete(f"/api/documents/{documents(client)['0.pdf']['id']}")
        assert busy.status_code == 409 and "being added" in busy.json()["error"]["message"]
        began = time.perf_counter()
        found = client.post("/api/search", json={"query": "leaf"})
        assert found.status_code == 200 and time.perf_counter() - began < 2
        client.delete(f"/api/jobs/{job}")
        end = events(client.get(f"/api/jobs/{job}/events").text)[-1][1]
        assert end["state"] == "stopped"
        there = client.get("/api/documents").json()
        assert [one["pages"] for one in there["documents"]] == [9] * len(there["documents"])
        assert 1 <= len(there["documents"]) < 3
        uploads = {place.name for place in (tmp_path / "library" / "uploads").glob("*/*")}
        assert uploads == {one["name"] for one in there["documents"]}
        assert client.get("/api/jobs/" + "0" * 16).status_code == 404
        assert client.get("/api/jobs").json()[0]["id"] == job


def test_many_searches_at_once_with_an_upload_going_on_all_end(tmp_path: Path) -> None:
    with serving(opener(tmp_path, encoder=Slow())) as client:
        content = pdf_bytes(tmp_path, *[f"Leaf {j} of a tram" for j in range(12)])
        job = client.post("/api/documents", files={"files": ("t.pdf", content)}).json()["id"]

        def ask(i: int) -> int:
            query = {"query": f"ferry {i}", "mode": ("hybrid", "visual", "text")[i % 3]}
            return client.post("/api/search", json=query).status_code

        with ThreadPoolExecutor(16) as pool:
            assert set(pool.map(ask, range(48))) == {200}
        end = events(client.get(f"/api/jobs/{job}/events").text)[-1][1]
        assert end["state"] == "done" and end["pages"] == 12


def test_an_encoder_is_never_used_by_two_threads_at_once() -> None:
    class Watchful(Seeing):
        inside, worst = 0, 0

        def _encode(self, items: Any, vectors: str) -> Any:
            Watchful.inside += 1
            Watchful.worst = max(Watchful.worst, Watchful.inside)
            time.sleep(0.005)
            out = super()._encode(items, vectors)
            Watchful.inside -= 1
            return out

    shared = SharedEncoder(Watchful())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: shared.encode_query(f"word {i}"), range(40)))
    assert Watchful.worst == 1


def test_a_question_waits_for_one_page_and_not_for_a_document() -> None:
    class Reader(Seeing):
        def _one(self, item: str | Page) -> Vectors:
            if item == "a page":
                time.sleep(0.1)
            return super()._one(item)

    shared = SharedEncoder(Reader())
    document = Thread(target=shared.encode_document, args=(["a page"] * 10,), kwargs=BOTH)
    document.start()
    time.sleep(0.05)
    began = time.perf_counter()
    shared.encode_query("quick")
    waited = time.perf_counter() - began
    assert document.is_alive(), "the document was done before the question came"
    document.join()
    assert waited < 0.6
