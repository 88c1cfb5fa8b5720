"""Queries drawn from blocks, and the loss that makes them find their block."""

import math

import numpy as np
import torch

from quire.adapters.read.ask import (
    LONGEST,
    QUERIES,
    Asked,
    Past,
    ask_loss,
    draw_queries,
    late_scores,
)


def padded(pieces: list[list[int]], block: list[int]) -> Asked:
    out = np.zeros((len(pieces), LONGEST), np.int64)
    for row, some in zip(out, pieces, strict=True):
        row[: len(some)] = some
    return Asked(out, np.array(block))


def test_a_query_is_a_span_of_one_block_in_its_order() -> None:
    facts = np.array([[b, c, 100 * b + c + 8] for b in range(3) for c in range(40)])
    asked = draw_queries(facts, np.random.default_rng(0))
    assert asked.pieces.shape == (QUERIES, LONGEST)
    for pieces, block in zip(asked.pieces, asked.block, strict=True):
        said = pieces[pieces > 0]
        assert np.all((said - 8) // 100 == block)
        assert np.all(np.diff(said) > 0)


def test_blocks_that_say_next_to_nothing_are_not_asked_for() -> None:
    asked = draw_queries(np.array([[0, 0, 9], [0, 1, 10]]), np.random.default_rng(0))
    assert not asked.pieces.any()
    rows = torch.ones(1, 2, 4, requires_grad=True)
    says = torch.zeros(1, 16, dtype=torch.bool)
    loss = ask_loss(torch.ones(QUERIES, LONGEST, 4), asked, torch.ones(16), rows, says)
    assert loss.item() == 0


def test_the_late_score_is_the_weighted_mean_of_the_best_cells() -> None:
    axes = torch.eye(2)
    queries = axes[None]  # two rows, one along each axis
    rows = torch.stack([axes, torch.stack([axes[0], axes[0]])])
    scores = late_scores(queries, torch.tensor([[1.0, 3.0]]), rows)
    assert scores.tolist() == [[1.0, 0.25]]


def test_the_loss_is_that_of_choosing_the_block_by_its_score() -> None:
    axes = torch.eye(2)
    rows = torch.stack([axes[:1], axes[1:]])  # two blocks of one cell
    says = torch.zeros(2, 16, dtype=torch.bool)
    asked = padded([[9]], [0])
    right = torch.zeros(1, LONGEST, 2)
    right[0, 0] = torch.tensor([0.6, 0.59])
    loss = ask_loss(right, asked, torch.ones(16), rows, says)
    assert math.isclose(loss.item(), math.log1p(math.exp(-0.01 / 0.03)), abs_tol=1e-5)


def test_another_block_that_says_it_too_is_no_wrong_answer() -> None:
    rows = torch.ones(3, 1, 2)
    says = torch.zeros(3, 16, dtype=torch.bool)
    says[:, 9] = torch.tensor([True, True, False])
    loss = ask_loss(torch.ones(1, LONGEST, 2), padded([[9]], [0]), torch.ones(16), rows, says)
    assert math.isclose(loss.item(), math.log(2), abs_tol=1e-6)  # of three equal blocks two count


def test_blocks_are_remembered_newest_first_and_without_their_gradient() -> None:
    past = Past(2, 16)
    for number in range(3):
        rows = torch.full((1, 1, 2), float(number), requires_grad=True)
        held, says = past.held(rows, torch.tensor([[0, 0, 8 + number]]))
    assert held[:, 0, 0].tolist() == [2, 1, 0]
    assert says.nonzero().tolist() == [[0, 10], [1, 9], [2, 8]]
    held.sum().backward()
    assert rows.grad is not None and rows.grad.tolist() == [[[1, 1]]]
    assert [r[0, 0, 0].item() for r in past.rows] == [2, 1]
