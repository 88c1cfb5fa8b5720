"""Text as words that can be compared: what a question asks for, and what a page says."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ..store.schema import STOP_WORDS

# Scripts written without blanks: Han, kana, Hangul, Thai. A run of them is cut into pairs of
# letters, for without a dictionary nobody knows where its words end (Lucene's CJK analyser does
# the same).
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\u0e00-\u0e7f\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{_UNSPACED}]+|(?:(?![{_UNSPACED}])[^\W_])+")
_RUN = re.compile(rf"[{_UNSPACED}]")
# Words of other languages that questions are asked with; those of English are the library's own.
_ASKING = (  # noqa: SIM905 (a paragraph reads better than fifty lines)
    "much many "
    "wie was wer wo wann welche welcher welches warum der die das den dem des ein eine und ist "
    "sind war wurde wurden wird im in am von zu mit für auf "
    "le la les un une des du de et est quel quelle quels quelles qui que quoi où quand comment "
    "el los las y es en que cual quien donde cuando como il lo gli che chi dove quando come"
).split()
# Letters of grammar and of asking in Chinese and Japanese: a pair that holds one is no word.
_GRAMMAR = frozenset(
    "的了吗呢吧几多少个哪什么怎谁何为是在有和与及需要被把从到这那之其请"
    "はがをにでともへやかねよられますですいつどこ何"
)
STOP = frozenset([*STOP_WORDS, *_ASKING])
SHORTEST_STEM = 4  # letters that two forms of a word share, at the least
STEM_SHARE = 0.7  # of the longer one
STEM_WORTH = 0.7  # what another form of a word is worth, the same one being worth 1


@dataclass(frozen=True)
class Word:
    """A word where it stands in its text: text[start:end]; `key` is what is compared."""

    key: str
    start: int
    end: int


def words(text: str) -> Iterator[Word]:
    """Every word of a text, in order; pairs of letters overlap in scripts without blanks."""
    for found in _WORD.finditer(text):
        start, end = found.span()
        if _RUN.match(found.group()) and end - start > 2:
            for at in range(start, end - 1):
                yield Word(folded(text[at : at + 2]), at, at + 2)
        else:
            yield Word(folded(found.group()), start, end)


@lru_cache(maxsize=512)  # pages: about 20 MB
def page_words(text: str) -> tuple[Word, ...]:
    """`words` of a page, kept: the same pages are found again and again."""
    return tuple(words(text))


def words_like(keys: Sequence[str], text: str) -> Iterator[tuple[int, Word]]:
    """The words of a page that may be like one of `keys`, with their places among all: words that
    are alike begin alike, which is quicker to see than how much they are."""
    begins = {key[:SHORTEST_STEM] for key in keys}
    for place, word in enumerate(page_words(text)):
        if word.key[:SHORTEST_STEM] in begins:
            yield place, word


def content_words(question: str) -> list[Word]:
    """The words of a question that say what is asked for, each once; all if none does."""
    every = list(words(question))
    telling = [word for word in every if not _says_nothing(word.key)] or every
    return list({word.key: word for word in reversed(telling)}.values())[::-1]


def _says_nothing(key: str) -> bool:
    return key in STOP or (bool(_RUN.match(key)) and not _GRAMMAR.isdisjoint(key))


@lru_cache(maxsize=1 << 16)
def folded(text: str) -> str:
    """Compatible forms, case and accents made equal."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return unicodedata.normalize("NFKC", kept)


def likeness(a: str, b: str) -> float:
    """1 for equal keys, `STEM_WORTH` for two forms of one word (as far as their beginnings tell),
    else 0."""
    if a == b:
        return 1.0
    if a[:SHORTEST_STEM] != b[:SHORTEST_STEM]:
        return 0.0
    shared = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), None)
    common = min(len(a), len(b)) if shared is None else shared
    enough = common >= SHORTEST_STEM and common >= STEM_SHARE * max(len(a), len(b))
    return STEM_WORTH if enough and not a.isdigit() else 0.0
