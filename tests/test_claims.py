"""An answer is cut into claims, also while it comes in pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.engine.answer.claims import Sentence, Splitter, sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It costs 14 crowns [1].", [Sentence("It costs 14 crowns.", (1,), ())]),
        (
            "It costs 14.5 crowns. [2] It is red [1, 3].",
            [Sentence("It costs 14.5 crowns.", (2,), ()), Sentence("It is red.", (1, 3), ())],
        ),
        (
            'It says "no. Never." [1] and more [2].',
            [
                Sentence('It says "no. Never."', (1,), ("no. Never.",)),
                Sentence("and more.", (2,), ()),
            ],
        ),
        ("一个。[1]两个。[2]", [Sentence("一个。", (1,), ()), Sentence("两个。", (2,), ())]),
        ("See fig. 3 and e.g. this [1].", [Sentence("See fig. 3 and e.g. this.", (1,), ())]),
        ("- first [1]\n- second", [Sentence("first", (1,), ()), Sentence("second", (), ())]),
        ('"Quoted twice." [1].', [Sentence('"Quoted twice."', (1,), ("Quoted twice.",))]),
        (
            '"one" [1]\n"two" [2]',
            [Sentence('"one"', (1,), ("one",)), Sentence('"two"', (2,), ("two",))],
        ),
        ("", []),
        (" . ", []),
        ("[99]", [Sentence("", (99,), ())]),
    ],
)
def test_sentences_keep_their_numbers_and_quotations(text: str, expected: list[Sentence]) -> None:
    assert sentences(text) == expected


@given(
    st.lists(
        st.sampled_from(["It is so", " [1]", ". ", '"a quote here"', "\n", "2.5", " e.g. ", "。"]),
        max_size=12,
    ),
    st.integers(1, 5),
)
def test_the_size_of_the_pieces_does_not_matter(parts: list[str], size: int) -> None:
    text = "".join(parts)
    splitter = Splitter()
    found = [s for i in range(0, len(text), size) for s in splitter.feed(text[i : i + size])]
    assert [*found, *splitter.close()] == sentences(text)


def test_a_sentence_is_given_as_soon_as_the_next_begins() -> None:
    splitter = Splitter()
    assert list(splitter.feed("One [1]. ")) == []
    assert list(splitter.feed("T")) == [Sentence("One.", (1,), ())]
