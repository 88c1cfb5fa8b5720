"""Of some tasks a text has one row more, for the whole, and telling tokens count more in it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_model import tiny_pieces, tiny_reader, write_tiny_model

from quire.adapters.distil.tower import Tower
from quire.adapters.lora import write_adapter
from quire.adapters.read.pieces import special_ids
from quire.engine.encode.encoder import Encoder
from quire.engine.encode.families.registry import FAMILIES
from quire.engine.encode.pooling import mean_of

TEXTS = ["the quick brown fox", "revenue grew", ""]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    folder: Path = tmp_path_factory.mktemp("whole")
    write_tiny_model(folder)
    pieces = tiny_pieces()
    tower = Tower(tiny_reader(), special_ids(pieces), np.ones(pieces.get_vocab_size()))
    torch.manual_seed(0)
    with torch.no_grad():
        tower.table.add_(0.1 * torch.randn_like(tower.table))
    write_adapter(folder / "adapters" / "code", tower.adapter(), "tiny")
    return Encoder.load(str(folder), device="cpu")


def test_it_is_the_last_and_only_where_the_task_has_it(tiny: Encoder) -> None:
    for encode in (tiny.encode_query, tiny.encode_document):
        plain, code = (encode(TEXTS, task=task) for task in ("retrieval", "code"))
        assert [len(own) + 1 for own in plain] == [len(own) for own in code]
        both = encode(TEXTS, task=["code", "retrieval", "code"], vectors="both")
        assert [len(one.cells) for one in both] == [len(one.multi) for one in both]
        np.testing.assert_array_equal(both[0].multi, code[0])  # alone or beside other tasks
        np.testing.assert_array_equal(both[1].multi, plain[1])


def test_in_a_question_it_counts_half_as_much_as_all_others(tiny: Encoder) -> None:
    for rows in tiny.encode_query(TEXTS, task="code"):
        lengths = np.linalg.norm(rows, axis=1)
        assert lengths[-1] == pytest.approx(0.5 * lengths[:-1].sum(), rel=1e-5)
    for rows in tiny.encode_document(TEXTS, task="code"):
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_it_stands_for_no_letters(tiny: Encoder) -> None:
    for text in TEXTS:
        spans = tiny.query_spans(text, task="code")
        assert spans == [*tiny.query_spans(text), None]
        assert len(spans) == len(tiny.encode_query(text, task="code"))


def test_a_family_without_it_is_described_as_before() -> None:
    for family in FAMILIES.values():
        assert not {"whole", "telling"} & family.describe().keys()
        assert replace(family, whole={"code": 1.0}).describe()["whole"] == {"code": 1.0}


def test_a_telling_token_counts_more_in_the_dense_vector() -> None:
    hidden, keep = torch.tensor([[9.0, 9.0], [1.0, 0.0], [0.0, 1.0]]), torch.arange(3) > 0
    np.testing.assert_allclose(mean_of(hidden, keep), [0.5**0.5, 0.5**0.5], atol=1e-6)
    weights = torch.tensor([1.0, 0.6, 0.8])
    np.testing.assert_allclose(mean_of(hidden, keep, weights), [0.6, 0.8], atol=1e-6)


def test_a_page_has_no_row_for_the_whole_and_still_a_dense_vector(tiny: Encoder) -> None:
    page = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 96, 3), np.uint8))
    plain = tiny.encode_document(page, vectors="both")
    code = tiny.encode_document(page, task="code", vectors="both")
    assert len(code.multi) == len(plain.multi) == len(code.cells)
    np.testing.assert_allclose(np.linalg.norm(code.dense), 1, atol=1e-5)
