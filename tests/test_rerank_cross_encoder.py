"""Cross-encoders that sentence-transformers runs, as rerankers."""

import sys
from pathlib import Path

import numpy as np
import pytest
from tiny_guest import write_tiny_cross_encoder

from quire.engine import load_reranker
from quire.engine.errors import EncodeError, RerankError
from quire.engine.rerank.protocol import Reranker

TEXTS = ["the lazy dog", "", "a quick brown fox jumps over " * 40, "no"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("sentence_transformers", reason="the extra sentence-transformers is absent")
    return write_tiny_cross_encoder(tmp_path_factory.mktemp("cross"))


@pytest.fixture(scope="module")
def reranker(folder: Path) -> Reranker:
    return load_reranker(f"sentence-transformers:{folder}", device="cpu")


def test_it_is_a_reranker_of_text(reranker: Reranker, folder: Path) -> None:
    assert isinstance(reranker, Reranker) and reranker.reads == "text"
    assert reranker.name == f"sentence-transformers:{folder.name}"
    again = load_reranker(f"sentence-transformers:{folder}", device="cpu")
    assert again.fingerprint == reranker.fingerprint and len(again.fingerprint) == 16


def test_scores_are_those_of_predict(reranker: Reranker, folder: Path) -> None:
    from sentence_transformers import CrossEncoder

    wanted = CrossEncoder(str(folder), device="cpu").predict([("a fox", text) for text in TEXTS])
    found = reranker.score("a fox", TEXTS)
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    assert found.dtype == np.float32 and len(set(found.tolist())) == len(TEXTS)


def test_a_text_scores_the_same_alone_and_in_a_batch(reranker: Reranker) -> None:
    alone = [reranker.score("a fox", [text])[0] for text in TEXTS]
    np.testing.assert_allclose(reranker.score("a fox", TEXTS), alone, atol=1e-6)


def test_it_can_be_told_to_read_less(reranker: Reranker, folder: Path) -> None:
    less = load_reranker(f"sentence-transformers:{folder}", device="cpu", max_tokens=32)
    assert less.score("q", [TEXTS[2]]) == less.score("q", [TEXTS[2] + "no"])
    assert less.score("q", [TEXTS[2]]) != reranker.score("q", [TEXTS[2]])
    assert less.fingerprint != reranker.fingerprint


def test_no_candidates_give_no_scores(reranker: Reranker) -> None:
    assert reranker.score("q", []).shape == (0,)


def test_pictures_and_other_things_are_refused(reranker: Reranker) -> None:
    from PIL import Image

    with pytest.raises(RerankError, match="candidate 0 holds a picture"):
        reranker.score("q", [Image.new("RGB", (9, 9))])
    with pytest.raises(RerankError, match="query is int: pass a question as a string"):
        reranker.score(3, ["a"])  # type: ignore[arg-type]


def test_a_model_with_several_labels_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers", reason="the extra sentence-transformers is absent")
    write_tiny_cross_encoder(tmp_path, labels=3)
    with pytest.raises(RerankError, match="gives 3 numbers a pair: a reranker gives one"):
        load_reranker(f"sentence-transformers:{tmp_path}", device="cpu")


def test_what_is_no_cross_encoder_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers", reason="the extra sentence-transformers is absent")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(EncodeError, match=r"cannot load .* as a CrossEncoder"):
        load_reranker(f"sentence-transformers:{tmp_path}", device="cpu")


def test_without_the_package_the_install_line_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(EncodeError, match=r'pip install "quire\[sentence-transformers\]"'):
        load_reranker(f"sentence-transformers:{tmp_path}")
