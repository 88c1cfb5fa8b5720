"""Reading a folder of questions and judgements, and which of them count."""

import json
from pathlib import Path

import pytest

from quire.engine.errors import EvaluationError
from quire.engine.evaluate.asked import asked, within
from quire.engine.evaluate.folder import Folder, Question, read_folder
from quire.engine.evaluate.slices import slices


def write(root: Path, questions: list[dict[str, object]], qrels: str) -> Path:
    (root / "corpus").mkdir()
    (root / "corpus" / "a.jsonl").write_text('{"_id": "t1", "title": "T", "text": "one"}\n')
    lines = "\n".join(json.dumps(question) for question in questions)
    (root / "queries.jsonl").write_text(lines + "\n")
    (root / "qrels.tsv").write_text(qrels)
    return root


def test_texts_questions_and_grades_are_read(tmp_path: Path) -> None:
    question: dict[str, object] = {"_id": "q", "text": "?", "lang": "en", "doc_lang": "de"}
    folder = read_folder(write(tmp_path, [question], "query-id\tcorpus-id\tscore\nq\tt1\t2\n"))
    assert folder.name == tmp_path.name
    assert folder.texts[0].text == "T\none"
    assert folder.judgements == {"q": {"t1": 2}}
    assert folder.questions[0].crosses


def test_a_qrels_file_without_a_header_loses_no_line(tmp_path: Path) -> None:
    folder = read_folder(write(tmp_path, [{"_id": "q", "text": "?"}], "q\tt1\t1\n"))
    assert folder.judgements == {"q": {"t1": 1}}


@pytest.mark.parametrize(
    ("questions", "qrels", "message"),
    [
        ([{"text": "?"}], "q\tt1\t1\n", "line 1: '_id' is missing"),
        ([{"_id": "q", "text": 7}], "q\tt1\t1\n", "'text' is 7: it must be a text"),
        ([{"_id": "q", "text": "  "}], "q\tt1\t1\n", "line 1: the question is empty"),
        ([{"_id": "q", "text": "?", "positional": "no"}], "q\tt1\t1\n", "must be true or false"),
        ([{"_id": "q", "text": "?"}] * 2, "q\tt1\t1\n", "'q' stands there twice"),
        ([{"_id": "q", "text": "?"}], "q t1 1\n", r"qrels.tsv, line 1: got 'q t1 1', expected"),
        ([{"_id": "q", "text": "?"}], "r\tt1\t1\n", "no question .* is judged"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    tmp_path: Path, questions: list[dict[str, object]], qrels: str, message: str
) -> None:
    with pytest.raises(EvaluationError, match=message):
        read_folder(write(tmp_path, questions, qrels))


def test_a_missing_part_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="no folder"):
        read_folder(tmp_path / "nowhere")
    with pytest.raises(EvaluationError, match="holds no queries"):
        read_folder(tmp_path)
    (tmp_path / "queries.jsonl").write_text("no json\n")
    (tmp_path / "qrels.tsv").write_text("")
    with pytest.raises(EvaluationError, match="neither PDFs nor"):
        read_folder(tmp_path)
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.pdf").write_bytes(b"")
    with pytest.raises(EvaluationError, match=r"queries.jsonl, line 1: no JSON"):
        read_folder(tmp_path)
    (tmp_path / "corpus" / "a.png").write_bytes(b"")
    with pytest.raises(EvaluationError, match="file stem 'a' stands there twice"):
        read_folder(tmp_path)
    (tmp_path / "corpus" / "a.jsonl").write_text("")
    with pytest.raises(EvaluationError, match="both PDFs and"):
        read_folder(tmp_path)


def folder_of(*questions: Question, judgements: dict[str, dict[str, int]]) -> Folder:
    return Folder("f", (), (), questions, judgements)


def test_positional_and_unjudged_questions_are_left_out_aloud() -> None:
    folder = folder_of(
        Question("a", "?"),
        Question("b", "what is on page 3?", positional=True),
        Question("c", "?"),
        judgements={"a": {"x#1": 1}, "b": {"x#3": 1}, "c": {"x#1": 0}},
    )
    kept, notes = asked(folder)
    assert [question.id for question in kept.questions] == ["a"]
    assert set(kept.judgements) == {"a"}
    assert notes == [
        "Left out: 1 of 3 questions, which name their page by number or place.",
        "Left out: 1 of 3 questions, which have no relevant judgement.",
    ]
    assert [question.id for question in asked(folder, positional=True)[0].questions] == ["a", "b"]


def test_when_no_question_is_left_the_reason_is_told() -> None:
    folder = folder_of(Question("b", "?", positional=True), judgements={"b": {"x#3": 1}})
    with pytest.raises(EvaluationError, match=r"left to ask\. Left out: 1 of 1"):
        asked(folder)


def test_within_a_document_only_its_own_pages_are_judged() -> None:
    folder = folder_of(
        Question("a", "?", doc="x#y"),
        Question("b", "?", doc="x#y"),
        Question("c", "?"),
        judgements={"a": {"x#y#1": 1, "z#1": 1}, "b": {"z#1": 1}, "c": {"z#1": 1}},
    )
    assert within(folder) == {"a": {"x#y#1": 1}}


def test_groups_are_split_by_text_layer_and_by_language_only_where_both_sides_exist() -> None:
    questions = [
        Question("a", "?", doc="scan", lang="en", doc_lang="en"),
        Question("b", "?", doc="text", lang="en", doc_lang="de"),
        Question("c", "?", lang="en"),
    ]
    groups = {group.name: group.questions for group in slices(questions, ["a", "b"], ["text"])}
    assert groups == {
        "whole folder": ("a", "b", "c"),
        "within document": ("a", "b"),
        "within document, with text layer": ("b",),
        "within document, no text layer": ("a",),
        "within document, same language": ("a",),
        "within document, across languages": ("b",),
    }
    names = [group.name for group in slices(questions, ["a"], ["scan"])]
    assert names == ["whole folder", "within document"]
    assert len(slices([Question("c", "?", lang="en")], [], [])) == 1


def test_questions_that_know_no_document_are_split_by_language() -> None:
    questions = [Question("a", "?", lang="en"), Question("b", "?", lang="fr"), Question("c", "?")]
    groups = {group.name: group.questions for group in slices(questions, [], [])}
    assert groups == {
        "whole folder": ("a", "b", "c"),
        "questions in 'en'": ("a",),
        "questions in 'fr'": ("b",),
    }
