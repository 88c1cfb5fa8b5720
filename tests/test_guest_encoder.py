"""Models that sentence-transformers runs, as encoders of a library."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from standin import write_pdf
from tiny_guest import write_tiny_colbert, write_tiny_dense

from quire.adapters.errors import UnknownTask
from quire.engine import Encoder, Library, load_encoder
from quire.engine.encode.guest_encoder import GuestEncoder
from quire.engine.encode.protocol import PageEncoder
from quire.engine.encode.source import Source
from quire.engine.errors import EncodeError
from quire.ingest import Page

TEXTS = ["the lazy dog", "a fox jumps over " * 20, "no"]


def page(text: str = "the lazy dog") -> Page:
    return Page("d", 1, Image.new("RGB", (64, 64), "red"), (), text, 100, 100, 0, "")


def load(folder: Path) -> GuestEncoder:
    found = load_encoder(f"sentence-transformers:{folder}", device="cpu")
    assert isinstance(found, GuestEncoder)
    return found


@pytest.fixture(scope="module")
def dense(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("sentence_transformers", reason="the extra sentence-transformers is absent")
    return write_tiny_dense(tmp_path_factory.mktemp("dense"))


@pytest.fixture(scope="module")
def colbert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("sentence_transformers", reason="the extra sentence-transformers is absent")
    return write_tiny_colbert(tmp_path_factory.mktemp("colbert"))


def test_rows_of_a_multi_vector_model_are_its_own(colbert: Path) -> None:
    from sentence_transformers import MultiVectorEncoder

    native, encoder = MultiVectorEncoder(str(colbert), device="cpu"), load(colbert)
    assert isinstance(encoder, PageEncoder) and encoder.dim == 16
    for ours, theirs in (
        (encoder.encode_query(TEXTS), native.encode_query(TEXTS, convert_to_numpy=True)),
        (encoder.encode_document(TEXTS), native.encode_document(TEXTS, convert_to_numpy=True)),
    ):
        for mine, yours in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(mine, yours, atol=1e-5)


def test_its_dense_vector_is_the_mean_of_its_rows_at_unit_length(colbert: Path) -> None:
    found = load(colbert).encode_document("the lazy dog", vectors="both")
    mean = found.multi.mean(0)
    np.testing.assert_allclose(found.dense, mean / np.linalg.norm(mean), atol=1e-6)
    assert (found.cells == -1).all() and found.grid == (0, 0)


def test_a_dense_model_gives_its_vector_as_the_only_row(dense: Path) -> None:
    from sentence_transformers import SentenceTransformer

    native, encoder = SentenceTransformer(str(dense), device="cpu"), load(dense)
    query = native.encode_query(TEXTS, normalize_embeddings=True)
    document = native.encode_document(TEXTS, normalize_embeddings=True)
    np.testing.assert_allclose(encoder.encode_query(TEXTS, vectors="dense"), query, atol=1e-5)
    found = encoder.encode_document(TEXTS, vectors="both")
    np.testing.assert_allclose([v.dense for v in found], document, atol=1e-5)
    assert all(v.multi.shape == (1, 32) for v in found)
    assert np.abs(query - document).max() > 0.01  # the prompts of the two roles differ


def test_an_item_is_the_same_alone_and_in_a_batch(colbert: Path) -> None:
    encoder = load(colbert)
    for alone, together in zip(
        [encoder.encode_document(text) for text in TEXTS],
        encoder.encode_document(TEXTS),
        strict=True,
    ):
        np.testing.assert_allclose(alone, together, atol=1e-5)


def test_a_model_of_text_takes_the_text_layer_of_a_page(dense: Path) -> None:
    encoder = load(dense)
    np.testing.assert_allclose(
        encoder.encode_document(page()), encoder.encode_document("the lazy dog"), atol=1e-6
    )
    assert np.isfinite(encoder.encode_document(page(""))).all()
    assert encoder.encode_document([], vectors="dense").shape == (0, 32)


class Sees:
    """A model of pictures and texts, each kind in calls of its own."""

    def __init__(self) -> None:
        self.calls: list[list[Any]] = []

    def supports(self, kind: str) -> bool:
        return kind == "image"

    def get_embedding_dimension(self) -> int:
        return 2

    def encode_document(self, items: list[Any], **options: Any) -> list[Any]:
        self.calls.append(items)
        assert len({type(item) for item in items}) == 1
        return [
            np.array([[len(item), 1] if isinstance(item, str) else item.size]) for item in items
        ]


def test_a_model_that_sees_takes_the_picture_of_a_page_and_order_is_kept() -> None:
    encoder = GuestEncoder(Sees(), "MultiVectorEncoder", Source(Path("m")), "w")
    items = ["four", page(), Image.new("L", (9, 8)), "a"]
    found = encoder.encode_document(items)
    assert [rows.tolist() for rows in found] == [[[4, 1]], [[64, 64]], [[9, 8]], [[1, 1]]]


def test_a_copy_has_the_same_fingerprint_and_other_weights_another(
    dense: Path, colbert: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(dense, tmp_path / "copy")
    assert load(copy).fingerprint == load(dense).fingerprint != load(colbert).fingerprint
    settings = json.loads((copy / "config_sentence_transformers.json").read_text())
    settings["prompts"]["query"] = "ask: "
    (copy / "config_sentence_transformers.json").write_text(json.dumps(settings))
    assert load(copy).fingerprint != load(dense).fingerprint


def test_it_can_hold_a_library(colbert: Path, tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", "the lazy dog", "a quick brown fox")
    encoder = load(colbert)
    library = Library.open(tmp_path / "library", encoder, create=True)
    assert library.add(tmp_path / "a.pdf").pages == 2
    hits = library.search("the lazy dog", mode="visual")
    wanted = encoder.encode_query("the lazy dog") @ encoder.encode_document("the lazy dog").T
    assert {hit.page for hit in hits} == {1, 2}
    own = next(hit for hit in hits if hit.page == 1)
    assert own.score == pytest.approx(wanted.max(1).sum(), abs=0.3)


@pytest.mark.parametrize(
    ("call", "error", "told"),
    [
        (lambda e: e.encode_query(3), TypeError, "not iterable"),
        (lambda e: e.encode_query([3]), EncodeError, "a query is text, not int: pass str"),
        (lambda e: e.encode_document([3]), EncodeError, "a document is text, .* not int"),
        (lambda e: e.encode_document(page().image), EncodeError, "reads text alone, and was given"),
        (lambda e: e.encode_query("a", vectors="x"), EncodeError, "vectors='x': choose 'multi'"),
        (lambda e: e.encode_query("a", task="code"), UnknownTask, "has no weights for task 'code'"),
    ],
)
def test_what_it_cannot_do_is_told(dense: Path, call: Any, error: Any, told: str) -> None:
    with pytest.raises(error, match=told):
        call(load(dense))


def test_a_model_whose_vectors_have_lengths_that_matter_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers", reason="the extra sentence-transformers is absent")
    folder = write_tiny_dense(tmp_path, similarity="dot")
    with pytest.raises(EncodeError, match="compares vectors by 'dot' and their lengths matter"):
        load(folder)


def test_without_the_package_the_install_line_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(EncodeError, match=r'pip install "quire\[sentence-transformers\]"'):
        load_encoder(f"sentence-transformers:{tmp_path}")


def test_a_name_without_the_prefix_is_an_encoder_of_quire() -> None:
    assert isinstance(load_encoder("quire-mini", device="cpu"), Encoder)
    with pytest.raises(EncodeError, match=r"load it with quire\.engine\.load_encoder"):
        Encoder.load("sentence-transformers:some/model")
