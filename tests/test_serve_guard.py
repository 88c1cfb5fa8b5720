"""What stands before every request: names, tokens, origins, rates and sizes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import HERE, opener, serving
from starlette.testclient import TestClient

from quire.engine.errors import ServeError
from quire.engine.serve.rates import Rates
from quire.engine.serve.settings import Settings
from quire.engine.serve.tokens import COOKIE, Doorman

TOKEN = "a-word-of-mouth"
SEARCH = {"query": "ferry"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("guard")


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[TestClient]:
    with serving(opener(folder)) as client:
        yield client


@pytest.fixture(scope="module")
def locked(folder: Path) -> Iterator[TestClient]:
    with serving(opener(folder), Settings(host="0.0.0.0", token=TOKEN)) as client:
        yield client


def test_an_address_that_others_reach_needs_a_token() -> None:
    for host in ("0.0.0.0", "192.168.1.7", "::", "example.org"):
        with pytest.raises(ServeError, match="set a token"):
            Settings(host=host)
        assert not Settings(host=host, token=TOKEN).loopback
    assert all(Settings(host=host).loopback for host in ("127.0.0.1", "localhost", "::1"))
    with pytest.raises(ServeError, match="8 ASCII"):
        Settings(token="short")
    assert TOKEN not in repr(Settings(token=TOKEN))


def test_without_the_token_only_the_empty_page_is_to_be_had(locked: TestClient) -> None:
    for path in ("/api/documents", "/metrics", "/openapi.json", "/v1/models", "/api/jobs"):
        reply = locked.get(path)
        assert reply.status_code == 401 and reply.headers["www-authenticate"] == "Bearer"
    assert locked.post("/api/search", json=SEARCH).status_code == 401
    assert locked.get("/").status_code == locked.get("/page/js/main.js").status_code == 200
    health = locked.get("/health").json()
    assert (health["token_needed"], health["allowed"], health["pages"]) == (True, False, 0)


def test_the_token_opens_as_a_header_and_as_a_cookie(locked: TestClient) -> None:
    shown = {"Authorization": f"Bearer {TOKEN}"}
    assert locked.post("/api/search", json=SEARCH, headers=shown).status_code == 200
    wrong = {"Authorization": f"Bearer {TOKEN}x"}
    assert locked.post("/api/search", json=SEARCH, headers=wrong).status_code == 401
    assert locked.post("/api/session", json={"token": "guess"}).status_code == 401
    reply = locked.post("/api/session", json={"token": TOKEN})
    cookie = reply.headers["set-cookie"]
    assert reply.status_code == 204 and TOKEN not in cookie
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie
    assert locked.get("/api/documents").status_code == 200  # the client keeps cookies
    locked.cookies.clear()


def test_a_session_is_no_token_and_odd_cookies_open_nothing() -> None:
    doorman = Doorman(TOKEN)
    assert doorman.lets_in("", f"{COOKIE}={doorman.session}")
    assert not doorman.lets_in(f"Bearer {doorman.session}", "")
    for cookie in ("", f"{COOKIE}=", f"{COOKIE}={TOKEN}", "\x00=;;\udcff", f"x={doorman.session}"):
        assert not doorman.lets_in("", cookie)
    assert not doorman.lets_in(f"Basic {TOKEN}", "") and not doorman.lets_in("Bearer é", "")


def test_a_page_of_another_name_reads_nothing_from_this_machine(client: TestClient) -> None:
    for host in ("evil.example", "evil.example:8765", "127.0.0.1.evil.example", "", "[::"):
        reply = client.get("/api/documents", headers={"Host": host})
        assert reply.status_code == 421, host
    for host in ("localhost:1", "127.0.0.1", "[::1]:8765"):
        assert client.get("/api/documents", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": HERE}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({}, 200),
    ],
)
def test_another_site_cannot_change_anything(
    client: TestClient, headers: dict[str, str], status: int
) -> None:
    assert client.post("/api/search", json=SEARCH, headers=headers).status_code == status
    if status == 403:
        assert client.delete(f"/api/documents/{'0' * 32}", headers=headers).status_code == 403


@pytest.mark.parametrize("path", ["/", "/api/documents", "/nowhere", "/page/js/main.js", "/health"])
def test_every_reply_tells_the_browser_to_load_nothing_from_elsewhere(
    client: TestClient, path: str
) -> None:
    headers = client.get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'" and policy["script-src"] == "'self'"
    assert "unsafe" not in str(policy) and "http" not in str(policy)
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers


def test_a_request_that_is_too_large_is_refused_however_it_is_sent(folder: Path) -> None:
    small = Settings(max_body=2_000, max_upload=5_000, max_picture=3_000)
    with serving(opener(folder), small) as client:
        long = {"query": "x" * 3_000}
        assert client.post("/api/search", json=long).status_code == 413

        def pieces() -> Iterator[bytes]:  # without a length
            yield b'{"query": "'
            yield from (b"x" * 100 for _ in range(100))
            yield b'"}'

        reply = client.post("/api/search", content=pieces())
        assert reply.status_code == 413 and "2,000 bytes" in reply.json()["error"]["message"]
        upload = {"files": ("a.pdf", b"x" * 6_000)}
        assert client.post("/api/documents", files=upload).status_code == 413
        picture = {"picture": ("a.png", b"x" * 4_000)}
        assert client.post("/api/search/picture", files=picture).status_code == 413


def test_a_client_in_a_hurry_is_asked_to_slow_down(folder: Path) -> None:
    with serving(opener(folder), Settings(rate=0.001, burst=200)) as client:
        for _ in range(200):
            reply = client.get("/health")
        reply = client.get("/health")
        assert reply.status_code == 429 and int(reply.headers["retry-after"]) > 0


def test_the_bucket_of_a_client_fills_with_time_and_is_its_own() -> None:
    now = [0.0]
    rates = Rates(rate=2, burst=3, clock=lambda: now[0])
    assert [rates.wait("a") for _ in range(4)] == [0, 0, 0, 0.5]
    assert rates.wait("b") == 0
    now[0] = 0.5
    assert [rates.wait("a"), rates.wait("a")] == [0, 0.5]
    now[0] = 100
    assert [rates.wait("a") for _ in range(4)][:3] == [0, 0, 0]


@pytest.mark.parametrize(
    "path", ["../app.py", "..%2fapp.py", "%2e%2e/app.py", "js/../../app.py", "/etc/passwd", "js"]
)
def test_files_of_the_page_are_looked_up_and_never_searched_on_the_disk(
    client: TestClient, path: str
) -> None:
    assert client.get(f"/page/{path}").status_code == 404


def test_a_file_of_the_page_is_sent_once(client: TestClient) -> None:
    first = client.get("/page/js/main.js")
    assert first.headers["content-type"].startswith("text/javascript")
    again = client.get("/page/js/main.js", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304 and not again.content


def test_a_library_that_cannot_be_opened_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "letter.txt").write_text("mine")
    with serving(opener(tmp_path)) as client:
        health = client.get("/health").json()
        assert health["state"] == "failed" and "other things in it" in health["problem"]
        reply = client.post("/api/search", json=SEARCH)
        assert reply.status_code == 503 and reply.json()["error"]["type"] == "not ready"
        assert client.get("/").status_code == client.get("/metrics").status_code == 200
