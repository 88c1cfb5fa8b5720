"""Which questions count."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from ..errors import EvaluationError
from .folder import Folder, Question


def asked(folder: Folder, *, positional: bool = False) -> tuple[Folder, list[str]]:
    """The folder with the questions that count, and a sentence on each kind that does not.

    Left out are positional questions (unless wanted) and questions without a relevant judgement.
    EvaluationError when none is left.
    """
    kept = list(folder.questions)
    notes: list[str] = []

    def drop(test: Callable[[Question], bool], why: str) -> None:
        out = [question for question in kept if test(question)]
        if out:
            notes.append(f"Left out: {len(out)} of {len(folder.questions)} questions, {why}.")
        kept[:] = [question for question in kept if not test(question)]

    if not positional:
        drop(lambda question: question.positional, "which name their page by number or place")
    drop(
        lambda question: not relevant(folder.judgements.get(question.id, {})),
        "which have no relevant judgement",
    )
    if not kept:
        raise EvaluationError(f"no question of {folder.name!r} is left to ask. {' '.join(notes)}")
    judgements = {question.id: folder.judgements[question.id] for question in kept}
    return replace(folder, questions=tuple(kept), judgements=judgements), notes


def within(folder: Folder) -> dict[str, dict[str, int]]:
    """question id -> judged pages of its own document, for questions that have a relevant one."""
    inside = {
        question.id: {
            page: grade
            for page, grade in folder.judgements[question.id].items()
            if page.rpartition("#")[0] == question.doc
        }
        for question in folder.questions
        if question.doc
    }
    return {question: grades for question, grades in inside.items() if relevant(grades)}


def relevant(grades: Mapping[str, int]) -> bool:
    """True when any page has a grade of 1 or more."""
    return any(grade >= 1 for grade in grades.values())
