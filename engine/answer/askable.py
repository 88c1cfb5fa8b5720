"""What a library gains by being able to answer."""

from collections.abc import Iterator

from ..errors import SearchError
from ..search.hits import Hits
from ..search.scope import Where
from .answer import Answer
from .answering import LEAST_RELEVANCE, answering, last_answer
from .choosing import EXTRACTIVE, generator_of
from .events import Event
from .evidence import Generator

RETRIEVED = 10  # pages that are looked through for those worth showing
SHOWN = 4  # pages, at most


class Askable:
    """Whatever can be searched can be asked."""

    def search(
        self, query: str, k: int = 10, where: Where | None = None, mode: str = "hybrid"
    ) -> Hits:
        raise NotImplementedError

    def answer(
        self,
        question: str,
        generator: Generator | str = EXTRACTIVE,
        *,
        where: Where | None = None,
        mode: str = "hybrid",
        k: int = SHOWN,
        least_relevance: float = LEAST_RELEVANCE,
    ) -> Answer:
        """Answer from at most `k` pages; as many are used as are about as relevant as the best.

        generator: who writes. "extractive" quotes and needs no model; "server" is the
        OpenAI-compatible server of OPENAI_BASE_URL, which is sent the pages; else the folder of a
        Qwen2.5-VL checkpoint, or an object with `name` and `write` (see `Generator`), which also
        keeps a local model loaded from one question to the next.
        Every sentence is checked against the page it cites. Where nothing is more relevant than
        `least_relevance`, or the generator says so, the outcome is `Outcome.NOT_FOUND`.
        Raises SearchError and EmptyLibrary as `search` does, AnswerError for a generator that
        cannot be used or never says a word; one that breaks off leaves `Outcome.INCOMPLETE`.
        """
        return last_answer(
            self.answering(
                question, generator, where=where, mode=mode, k=k, least_relevance=least_relevance
            )
        )

    def answering(
        self,
        question: str,
        generator: Generator | str = EXTRACTIVE,
        *,
        where: Where | None = None,
        mode: str = "hybrid",
        k: int = SHOWN,
        least_relevance: float = LEAST_RELEVANCE,
    ) -> Iterator[Event]:
        """The same as events, while they happen: Retrieved, then Written and Checked, Finished."""
        if not isinstance(k, int) or k < 1:
            raise SearchError(f"k={k!r}: let at least 1 page be used")
        writer = generator_of(generator)
        hits = self.search(question, k=max(k, RETRIEVED), where=where, mode=mode)
        return answering(question, hits, writer, most=k, least=least_relevance)
