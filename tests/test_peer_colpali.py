"""colpali-engine, which ColQwen comes from, is asked beside quire where it can be."""

import os

import pytest
from peer_colpali import compare


def test_colpali_engine_gives_the_same_rows_and_the_same_scores() -> None:
    peer = os.environ.get("QUIRE_COLPALI_PYTHON")
    if not peer:
        pytest.skip("no colpali-engine: name a Python that has it in QUIRE_COLPALI_PYTHON")
    assert compare(peer) == 0
