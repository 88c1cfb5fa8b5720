"""How many questions of a folder are answered with the right page cited, and how many refused.

    python tests/benchmarks/asking.py [FOLDER] [--library DIR] [--generator NAME]

FOLDER as `quire eval` takes it, by default the sample documents. The library is made when there is
none yet. A question counts as answered right when a verified citation names a page that is judged
relevant. Every question is asked once more without its document, where "not in your documents" is
right.

Last result (27 November 2026, quire-mini version 1): right page cited for 50 of 66 questions,
first of all for 48; without their document 58 of 66 refused.
"""

import argparse
import tempfile
from pathlib import Path

from quire.engine import Library
from quire.engine.answer.answer import Answer, Outcome
from quire.engine.answer.choosing import generator_of
from quire.engine.evaluate.asked import asked
from quire.engine.evaluate.folder import read_folder

SAMPLES = Path(__file__).parents[1] / "samples"


def cited(answer: Answer) -> list[str]:
    """`<file stem>#<page>` of every verified citation."""
    return [
        f"{Path(citation.hit.document.paths[0]).stem}#{citation.hit.page}"
        for citation in answer.citations
        if citation.verified and citation.hit
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", default=str(SAMPLES))
    parser.add_argument("--library")
    parser.add_argument("--generator", default="extractive")
    chosen = parser.parse_args()
    folder, _ = asked(read_folder(chosen.folder))
    with tempfile.TemporaryDirectory() as passing:
        library = Library.open(chosen.library or Path(passing) / "library", create=True)
        library.add(folder.files)
        generator = generator_of(chosen.generator)
        right = first = refused = rightly = 0
        for question in folder.questions:
            gold = {page for page, grade in folder.judgements[question.id].items() if grade >= 1}
            answer = library.answer(question.text, generator)
            pages = cited(answer)
            right += bool(gold & set(pages))
            first += bool(pages) and pages[0] in gold
            refused += answer.outcome == Outcome.NOT_FOUND
            elsewhere = f"name NOT LIKE '{question.doc}.%'"
            without = library.answer(question.text, generator, where=elsewhere)
            rightly += without.outcome == Outcome.NOT_FOUND
            mark = "+" if gold & set(pages) else "-"
            print(mark, question.id, f"{answer.relevance:.2f}", *pages, "|", answer.text[:90])
        n = len(folder.questions)
        print(f"\n{n} questions: right page cited {right}, first of all {first}; refused {refused}")
        print(f"asked without their document: refused {rightly} of {n}")


if __name__ == "__main__":
    main()
