"""The library over HTTP: what is asked, and what comes back."""

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from serving import FERRY, Seeing, add, documents, events, opener, pdf_bytes, serving, unpacked
from starlette.testclient import TestClient

from quire.engine import Library


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serving(opener(tmp_path_factory.mktemp("serve"))) as client:
        yield client


def search(client: TestClient, query: str, **more: Any) -> dict[str, Any]:
    reply = client.post("/api/search", json={"query": query, **more})
    assert reply.status_code == 200, reply.text
    told: dict[str, Any] = reply.json()
    return told


def test_a_search_finds_what_the_library_finds(client: TestClient) -> None:
    library: Library = client.app.state.desk.shelf.library  # type: ignore[attr-defined]
    for mode in ("hybrid", "visual", "text"):
        told, hits = search(client, "ferry noon", mode=mode, k=2), library.search("ferry noon", 2)
        assert told["hits"][0]["name"] == "ships.pdf" and told["hits"][0]["page"] == 1
        if mode == "hybrid":
            assert [one["score"] for one in told["hits"]] == [hit.score for hit in hits]
            assert told["relevance"] == hits.relevance and told["found"]
            assert [one["share"] for one in told["hits"]] == [1.0, 0.0]


def test_a_hit_shows_the_lines_that_hold_the_words_and_marks_them(client: TestClient) -> None:
    first = search(client, "where does a ferry sail?")["hits"][0]
    marked = [first["snippet"][mark["start"] : mark["end"]] for mark in first["marks"]]
    assert first["snippet"] == FERRY and marked == ["ferry", "sails"]
    assert first["width"] > 0 and first["height"] > first["width"]


def test_a_filter_keeps_to_the_documents_that_it_names(client: TestClient) -> None:
    bees = documents(client)["bees.pdf"]["id"]
    told = search(client, "ferry", where={"document": bees})
    assert {hit["name"] for hit in told["hits"]} == {"bees.pdf"} and not told["found"]
    wrong = client.post("/api/search", json={"query": "ferry", "where": {"colour": "red"}})
    assert wrong.status_code == 400 and "no column 'colour'" in wrong.json()["error"]["message"]


def test_nothing_found_is_no_error(client: TestClient) -> None:
    assert search(client, "zebra", mode="text")["hits"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"query": ""},
        {"query": " "},
        {"query": "x" * 2001},
        {"query": "ferry", "k": 0},
        {"query": "ferry", "mode": "psychic"},
        {"query": "ferry", "kk": 3},
        {"query": "ferry", "rerank": True},
        {"question": "ferry"},
        [],
    ],
)
def test_a_search_that_makes_no_sense_is_refused_in_one_sentence(
    client: TestClient, wrong: Any
) -> None:
    reply = client.post("/api/search", json=wrong)
    assert reply.status_code in (400, 422)
    assert set(reply.json()["error"]) == {"message", "type"}


def test_pictures_of_pages_come_whole_and_small_and_may_be_kept(client: TestClient) -> None:
    page = f"/api/documents/{documents(client)['ships.pdf']['id']}/pages/1"
    whole, small = client.get(f"{page}/image"), client.get(f"{page}/thumbnail")
    for reply in (whole, small):
        assert reply.headers["content-type"] == "image/webp"
        assert "immutable" in reply.headers["cache-control"]
    assert Image.open(io.BytesIO(small.content)).size <= (400, 560)
    first = search(client, "ferry")["hits"][0]
    assert Image.open(io.BytesIO(whole.content)).size == (first["width"], first["height"])


def test_the_heat_map_is_that_of_the_hit_in_levels(client: TestClient) -> None:
    library: Library = client.app.state.desk.shelf.library  # type: ignore[attr-defined]
    key = documents(client)["ships.pdf"]["id"]
    told = client.get(f"/api/documents/{key}/pages/1/heatmap", params={"query": "ferry noon"})
    heat = library.search("ferry noon", 1)[0].heatmap()
    value = told.json()
    assert value["words"] == list(heat.words) == ["ferry", "noon"]
    shape = (value["rows"], value["columns"])
    np.testing.assert_array_equal(unpacked(value["whole"], *shape), heat.levels())
    for i, packed in enumerate(value["maps"]):
        np.testing.assert_array_equal(unpacked(packed, *shape), heat.levels(i))
    assert sum(value["weights"]) == pytest.approx(1)


def test_regions_lie_on_the_page_and_say_what_stands_there(client: TestClient) -> None:
    key = documents(client)["ships.pdf"]["id"]
    found = client.get(f"/api/documents/{key}/pages/1/regions", params={"query": "ferry"}).json()
    x0, y0, x1, y1 = found[0]["box"]
    assert 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1 and "ferry" in found[0]["text"]


def test_a_page_can_be_explained_though_no_search_found_it(client: TestClient) -> None:
    key = documents(client)["bees.pdf"]["id"]
    page = f"/api/documents/{key}/pages/1"
    assert client.get(f"{page}/heatmap", params={"query": "ferry"}).status_code == 200
    assert client.get(f"{page}/regions", params={"query": "ferry"}).json() == []


@pytest.mark.parametrize("what", ["image", "thumbnail", "heatmap?query=x", "regions?query=x"])
@pytest.mark.parametrize(
    ("page", "status"),
    [
        ("0" * 32 + "/pages/1", 404),
        ("{known}/pages/3", 404),
        ("{known}/pages/0", 422),
        ("..%2f..%2fetc/pages/1", 422),
        ("manifest.json/pages/1", 422),
        ("{known}/pages/1e9", 422),
    ],
)
def test_an_unknown_page_is_not_found(
    client: TestClient, page: str, status: int, what: str
) -> None:
    known = documents(client)["ships.pdf"]["id"]
    reply = client.get(f"/api/documents/{page.format(known=known)}/{what}")
    assert reply.status_code in (status, 404) and reply.json()["error"]["message"]


def test_a_picture_finds_the_pages_that_look_like_it(client: TestClient) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (200, 100), "navy").save(buffer, "PNG")
    reply = client.post("/api/search/picture", files={"picture": ("x.png", buffer.getvalue())})
    assert reply.status_code == 200, reply.text
    assert reply.json()["hits"][0]["name"] == "ships.pdf" and reply.json()["found"]
    junk = client.post("/api/search/picture", files={"picture": ("x.png", b"GIF89a no picture")})
    assert junk.status_code == 400 and junk.json()["error"]["type"] == "unreadable"


def test_a_part_of_a_page_finds_the_pages_that_look_like_it(client: TestClient) -> None:
    key = documents(client)["ships.pdf"]["id"]
    box = {"x0": 0.9, "y0": 0.6, "x1": 0.1, "y1": 0.1}  # drawn from the lower right: that is fine
    asked = {"document": key, "page": 1, "box": box}
    reply = client.post("/api/search/region", json=asked)
    assert reply.json()["hits"][0]["name"] == "ships.pdf"
    point = {**asked, "box": {"x0": 0.5, "y0": 0.5, "x1": 0.5, "y1": 0.5}}
    assert client.post("/api/search/region", json=point).status_code == 400
    assert client.post("/api/search/region", json={**asked, "page": 9}).status_code == 404


def test_documents_are_added_told_of_while_that_goes_on_and_taken_out(tmp_path: Path) -> None:
    with serving(opener(tmp_path, empty=True)) as client:
        assert client.get("/api/documents").json() == {"documents": [], "failures": [], "pages": 0}
        empty = client.post("/api/search", json={"query": "tram"})
        assert empty.status_code == 409 and empty.json()["error"]["type"] == "empty library"
        content = pdf_bytes(tmp_path, "A tram crosses the bridge.", "It rains.")
        end = add(client, ("trams.pdf", content), ("junk.pdf", b"%PDF-1.7 nothing"))
        assert (end["state"], end["pages"], end["done_files"]) == ("done", 2, 2)
        assert [one["name"] for one in end["added"]] == ["trams.pdf"]
        assert [one["name"] for one in end["failures"]] == ["junk.pdf"]
        assert search(client, "tram")["hits"][0]["name"] == "trams.pdf"
        assert add(client, ("trams.pdf", content))["skipped"][0]["name"] == "trams.pdf"
        key = documents(client)["trams.pdf"]["id"]
        uploads = tmp_path / "library" / "uploads"
        assert [place.name for place in uploads.iterdir()] == [key], "junk is not kept"
        gone = client.delete(f"/api/documents/{key}")
        assert gone.json()["deleted"][0]["name"] == "trams.pdf" and not list(uploads.iterdir())
        assert client.delete(f"/api/documents/{key}").status_code == 404
        assert client.get(f"/api/documents/{key}/pages/1/image").status_code == 404


def test_dense_embeddings_are_those_of_the_encoder(client: TestClient) -> None:
    texts = ["a ferry", "the northern heath"]
    reply = client.post("/v1/embeddings", json={"input": texts, "model": "any"}).json()
    expected = Seeing().encode_document(texts, vectors="dense")
    assert reply["object"] == "list" and [one["index"] for one in reply["data"]] == [0, 1]
    np.testing.assert_allclose([one["embedding"] for one in reply["data"]], expected, atol=1e-6)
    asked = {"input": texts[0], "dimensions": 64, "encoding_format": "base64"}
    packed = client.post("/v1/embeddings", json=asked).json()["data"][0]["embedding"]
    short = np.frombuffer(base64.b64decode(packed), "<f4")
    cut = expected[0, :64] / np.linalg.norm(expected[0, :64])
    np.testing.assert_allclose(short, cut, atol=1e-6)


def test_multi_vectors_come_as_packed_half_floats(client: TestClient) -> None:
    asked = {"input": "ferry at noon", "multivector": True, "input_type": "query"}
    one = client.post("/v1/embeddings", json=asked).json()["data"][0]
    rows = np.frombuffer(base64.b64decode(one["embedding"]), "<f2").reshape(one["shape"])
    np.testing.assert_allclose(rows, Seeing().encode_query("ferry at noon"), atol=1e-3)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"input": "x", "dimensions": 77}, "256, 128, 64"),
        ({"input": "x", "dimensions": 64, "multivector": True}, "dense"),
        ({"input": [1, 2, 3]}, "input"),
        ({"input": []}, "input"),
        ({"input": ["x"] * 65}, "input"),
        ({"input": ""}, "input"),
    ],
)
def test_embeddings_that_cannot_be_made_say_why(client: TestClient, wrong: Any, told: str) -> None:
    reply = client.post("/v1/embeddings", json={"model": "m", **wrong})
    assert reply.status_code in (400, 422) and told in reply.json()["error"]["message"]


def test_health_and_metrics_tell_what_there_is_and_was(client: TestClient) -> None:
    health = client.get("/health").json()
    assert (health["state"], health["documents"], health["pages"]) == ("ready", 2, 3)
    assert health["encoder"] == "stand-in" and client.get("/v1/models").json()["data"][0]["id"]
    client.get("/nowhere/../../<script>")
    text = client.get("/metrics").text
    assert 'quire_requests_total{route="/api/search",method="POST",status="200"}' in text
    assert "quire_pages 3" in text and "script" not in text
    bucket = 'quire_request_seconds_bucket{route="/api/search",le="+Inf"}'
    [count] = [line.split()[-1] for line in text.splitlines() if line.startswith(bucket)]
    assert int(count) > 1


def test_the_description_names_every_route_and_its_errors(client: TestClient) -> None:
    told = client.get("/openapi.json").json()
    paths = told["paths"]
    assert {"/api/search", "/api/documents", "/api/answer", "/v1/embeddings"} <= set(paths)
    assert "ErrorReply" in str(paths["/api/search"]["post"]["responses"]["409"])
    assert all(own.get("summary") for methods in paths.values() for own in methods.values())


def test_an_answer_comes_as_events_that_end_with_the_whole(client: TestClient) -> None:
    reply = client.post("/api/answer", json={"question": "When does the ferry sail?"})
    assert reply.headers["content-type"].startswith("text/event-stream")
    told = events(reply.text)
    names = [name for name, _ in told]
    assert names[0] == "retrieved" and names[-1] == "finished" and {"written", "checked"} < {*names}
    end = told[-1][1]
    [citation] = end["claims"][0]["citations"]
    assert end["outcome"] == "answered" and "noon" in end["text"]
    assert citation["name"] == "ships.pdf" and citation["verified"] and citation["region"]["box"]
    none = client.post("/api/answer", json={"question": "dividend of the museum"})
    assert events(none.text)[-1][1]["outcome"] == "not in your documents"
