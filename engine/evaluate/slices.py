"""The groups of questions that are reported apart."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from .folder import Question


@dataclass(frozen=True)
class Slice:
    """Some of the questions, ranked over the whole folder or `within` the document of each."""

    name: str
    within: bool
    questions: tuple[str, ...]


def slices(
    questions: Sequence[Question], within: Collection[str], readable: Collection[str]
) -> list[Slice]:
    """The whole folder, then within documents, then the latter split where there is a split.

    Where no question knows its document, the whole is split by language, if there are several.

    `within` holds the ids of the questions that can be asked of one document, `readable` the
    documents (as `Question.doc` names them) that have a text layer. A split with an empty side
    is left out: it would repeat the row above it.
    """
    found = [Slice("whole folder", False, tuple(question.id for question in questions))]
    inside = [question for question in questions if question.id in within]
    if not inside:
        languages = sorted({question.lang for question in questions if question.lang})
        for language in languages if len(languages) > 1 else ():
            ids = tuple(question.id for question in questions if question.lang == language)
            found.append(Slice(f"questions in {language!r}", False, ids))
        return found
    found.append(Slice("within document", True, tuple(question.id for question in inside)))

    def split(test: Callable[[Question], bool], yes: str, no: str) -> None:
        sides = {yes: [q.id for q in inside if test(q)], no: [q.id for q in inside if not test(q)]}
        if all(sides.values()):
            found.extend(
                Slice(f"within document, {name}", True, tuple(ids)) for name, ids in sides.items()
            )

    split(lambda question: question.doc in readable, "with text layer", "no text layer")
    split(lambda question: not question.crosses, "same language", "across languages")
    return found
