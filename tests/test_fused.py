"""The kernel for GPUs gives the scores of the definition, and its gradients.

Without a GPU it runs in Triton's interpreter: slow, but the same program.
"""

import os
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
if DEVICE == "cpu":
    os.environ["TRITON_INTERPRET"] = "1"  # before the first import of Triton
pytest.importorskip("triton", reason='the kernel is written in Triton: pip install -e ".[kernels]"')

from quire.engine.score import cuda  # noqa: E402
from quire.engine.score.fused import fused_maxsim, fused_maxsim_int8  # noqa: E402
from quire.engine.score.int8 import encode_int8  # noqa: E402
from quire.engine.score.maxsim import maxsim  # noqa: E402
from quire.engine.score.packed import Packed, pack  # noqa: E402
from quire.engine.score.reference import maxsim_plain  # noqa: E402

PHASES = [Phase.explicit, Phase.reuse, Phase.generate]  # to shrink takes minutes in the interpreter
Rows = tuple[torch.Tensor, torch.Tensor]
PRECISE = {torch.float32: 1e-5, torch.float16: 1e-5, torch.bfloat16: 1e-3}


def ragged(seed: int, lengths: list[int], dim: int, kind: torch.dtype) -> Rows:
    """Rows of about length 1, and where each page or query starts."""
    rng = np.random.default_rng(seed)
    rows = torch.from_numpy(rng.normal(size=(sum(lengths), dim)) / np.sqrt(dim)).to(kind)
    return rows.to(DEVICE), torch.tensor(np.cumsum([0, *lengths])).to(DEVICE)


def plain(query: Rows, pages: Rows) -> np.ndarray:
    """The definition, of the same numbers, in float64."""
    packed = Packed(pages[0].float().cpu().numpy(), pages[1].cpu().numpy())
    rows, starts = query[0].float().cpu().numpy(), query[1].tolist()
    return np.stack([maxsim_plain(rows[a:b], packed) for a, b in pairwise(starts)])


some = st.lists(st.integers(0, 70), min_size=1, max_size=4)


@given(
    st.lists(st.integers(0, 20), min_size=1, max_size=3),
    some,
    st.sampled_from([7, 128, 320]),
    st.sampled_from(list(PRECISE)),
    st.integers(0, 99),
)
@settings(deadline=None, max_examples=8, phases=PHASES)
def test_the_kernel_gives_the_scores_of_the_definition(
    queries: list[int], lengths: list[int], dim: int, kind: torch.dtype, seed: int
) -> None:
    query, pages = ragged(seed, queries, dim, torch.float32), ragged(seed + 1, lengths, dim, kind)
    scores = fused_maxsim(*query, *pages).cpu().numpy()
    np.testing.assert_allclose(scores, plain(query, pages), atol=PRECISE[kind] * 20, rtol=1e-5)


@pytest.mark.parametrize("rows", [1, 64, 65, 130])
def test_a_query_may_be_longer_than_a_tile(rows: int) -> None:
    query, pages = ragged(1, [rows], 16, torch.float16), ragged(2, [33, 0, 5], 16, torch.float16)
    found = fused_maxsim(*query, *pages).cpu().numpy()
    np.testing.assert_allclose(found, plain(query, pages), rtol=1e-4, atol=1e-4)


@given(some, st.integers(1, 9), st.sampled_from([7, 128]), st.integers(0, 99))
@settings(deadline=None, max_examples=6, phases=PHASES)
def test_int8_on_the_device_is_int8_on_the_processor(
    lengths: list[int], q: int, dim: int, seed: int
) -> None:
    query, pages = ragged(seed, [q], dim, torch.float32), ragged(seed, lengths, dim, torch.float16)
    codes = encode_int8(Packed(pages[0].cpu().numpy(), pages[1].cpu().numpy()))
    scales = torch.from_numpy(codes.scales).to(DEVICE)
    found = fused_maxsim_int8(
        *query, torch.from_numpy(codes.codes).to(DEVICE), pages[1], scales
    ).cpu()
    np.testing.assert_allclose(found[0], maxsim(query[0].cpu().numpy(), codes), rtol=1e-5)


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=3),
    some,
    st.sampled_from(list(PRECISE)),
    st.integers(0, 99),
)
@settings(deadline=None, max_examples=6, phases=PHASES)
def test_gradients_go_to_the_best_rows_as_in_torch(
    queries: list[int], lengths: list[int], kind: torch.dtype, seed: int
) -> None:
    query, pages = ragged(seed, queries, 16, kind), ragged(seed + 1, lengths, 16, kind)
    filled = [i for i, length in enumerate(lengths) if length]
    weight = torch.from_numpy(np.random.default_rng(seed).normal(size=(len(queries), len(filled))))
    learned = []
    for fused in (True, False):
        # the plain way in float32, as it would round each of the gradients it adds up
        q, p = ((own if fused else own.float()).clone() for own in (query[0], pages[0]))
        q, p = q.requires_grad_(), p.requires_grad_()
        if fused:
            scores = fused_maxsim(q, query[1], p, pages[1])[:, filled]
        else:
            ends = [(int(pages[1][i]), int(pages[1][i + 1])) for i in filled]
            own = [q[a:b] for a, b in pairwise(query[1].tolist())]
            kept = [(a @ p[s:e].T).max(dim=1).values.sum() for a in own for s, e in ends]
            none = (q.sum() + p.sum()) * 0  # the case without pages has gradients, too
            scores = torch.stack([none, *kept])[1:].view(len(own), -1)
        (scores * weight.to(scores)).sum().backward()
        learned.append([q.grad, p.grad])
    for found, wanted in zip(*learned, strict=True):
        torch.testing.assert_close(found.float(), wanted, rtol=1e-2, atol=1e-4)


def test_a_page_with_a_row_that_is_not_a_number_is_not_a_number() -> None:
    query, pages = ragged(0, [3], 16, torch.float16), ragged(1, [40, 40], 16, torch.float16)
    pages[0][50, 3] = torch.nan
    assert fused_maxsim(*query, *pages).isnan().tolist() == [[False, True]]


def test_rows_of_another_width_or_kind_are_refused() -> None:
    query, pages = ragged(0, [3], 16, torch.float16), ragged(1, [4], 16, torch.float16)
    with pytest.raises(ValueError, match=r"\(3, 8\).*\(4, 16\).*the same d"):
        fused_maxsim(query[0][:, :8], query[1], *pages)
    with pytest.raises(ValueError, match=r"a query of torch.float64"):
        fused_maxsim(query[0].double(), query[1], *pages)


@pytest.mark.parametrize("encode", [lambda pages: pages, encode_int8])
def test_maxsim_on_a_device_uses_the_kernel(
    encode: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cuda, "fused_works", lambda device: True)
    monkeypatch.setattr(cuda, "_best_by_scatter", None)
    rng = np.random.default_rng(0)
    pages = encode(pack([rng.normal(size=(n, 16)).astype(np.float16) for n in (3, 0, 40)]))  # type: ignore[operator]
    queries = [rng.normal(size=(n, 16)).astype(np.float32) for n in (5, 1)]
    resident = cuda.OnDevice.load(pages, DEVICE)
    np.testing.assert_allclose(maxsim(queries, resident), maxsim(queries, pages), rtol=1e-5)
