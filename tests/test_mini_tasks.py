"""The encoder that comes with the package knows three tasks."""

import numpy as np
import pytest

from quire.engine import Encoder


@pytest.fixture(scope="module")
def mini() -> Encoder:
    return Encoder.load("quire-mini", device="cpu")


def test_it_has_weights_for_every_task(mini: Encoder) -> None:
    assert mini.tasks == ("retrieval", "code", "similarity")


def test_sentences_that_say_the_same_are_alike_in_other_words(mini: Encoder) -> None:
    one = ["A woman is slicing an onion.", "The dog ran along the beach.", "Prices rose last year."]
    other = [
        "Somebody cuts a vegetable.",
        "A puppy plays by the sea.",
        "Inflation went up in 2023.",
    ]
    apart = {}
    for task in ("similarity", "retrieval"):
        first, second = (
            mini.encode_document(texts, task=task, vectors="dense") for texts in (one, other)
        )
        cosines = first @ second.T
        others = cosines[~np.eye(3, dtype=bool)]
        apart[task] = (cosines.diagonal().mean() - others.mean()) / others.std()
    assert apart["similarity"] > max(1.5, 2 * apart["retrieval"]), apart


def test_words_find_the_code_that_does_it(mini: Encoder) -> None:
    asked = ["sort a list from large to small", "read a file line by line", "add two numbers"]
    code = [
        "def f(x):\n    return sorted(x, reverse=True)",
        "with open(path) as handle:\n    for line in handle:\n        yield line",
        "def g(a, b):\n    return a + b",
    ]
    questions = mini.encode_query(asked, task="code", vectors="dense")
    functions = mini.encode_document(code, task="code", vectors="dense")
    assert (questions @ functions.T).argmax(axis=1).tolist() == [0, 1, 2]
