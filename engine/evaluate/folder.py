"""A folder of questions and judgements, as it lies on disk.

corpus/*.pdf       pages are judged; a corpus id is `<file stem>#<page>`, pages from 1
corpus/*.jsonl     or texts are judged: `_id`, `text`, and `title` if there is one
queries.jsonl      `_id`, `text`; `doc`, `positional`, `lang`, `doc_lang` if known
qrels.tsv          question id, corpus id, grade (1 and above is relevant), tab between
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from quire.ingest.sniff import claimed

from ..errors import EvaluationError
from .lines import flag, json_lines, word


@dataclass(frozen=True)
class Question:
    """One question. `doc` is the stem of the file it was asked about, "" when unknown.

    `positional` questions name their page by number or place, so that their content alone does
    not lead there. `lang` and `doc_lang` are language codes, "" when unknown.
    """

    id: str
    text: str
    doc: str = ""
    positional: bool = False
    lang: str = ""
    doc_lang: str = ""

    @property
    def crosses(self) -> bool:
        """True when the question is in another language than its document."""
        return bool(self.lang and self.doc_lang and self.lang != self.doc_lang)


@dataclass(frozen=True)
class Text:
    """One document of a text corpus."""

    id: str
    text: str


@dataclass(frozen=True)
class Folder:
    """What is asked, of what, and what is right. Either `files` or `texts` is empty.

    `judgements` maps question id -> corpus id -> grade.
    """

    name: str
    files: tuple[Path, ...]
    texts: tuple[Text, ...]
    questions: tuple[Question, ...]
    judgements: dict[str, dict[str, int]]


def read_folder(path: str | Path) -> Folder:
    """Read a folder of the layout above; EvaluationError names the file and line that is wrong."""
    root = Path(path)
    if not root.is_dir():
        raise EvaluationError(f"no folder {str(root)!r}: name one that holds corpus/ and questions")
    for name in ("queries.jsonl", "qrels.tsv"):
        if not (root / name).is_file():
            raise EvaluationError(
                f"{str(root)!r} holds no {name}: quire eval needs corpus/, queries.jsonl, qrels.tsv"
            )
    files = tuple(sorted(path for path in (root / "corpus").glob("*") if claimed(path.name)))
    tables = sorted((root / "corpus").glob("*.jsonl"))
    if bool(files) == bool(tables):
        held = "both PDFs and .jsonl texts" if files else "neither PDFs nor .jsonl texts"
        raise EvaluationError(f"{str(root / 'corpus')!r} holds {held}: keep exactly one kind there")
    _unique([path.stem for path in files], root / "corpus", "file stem")
    texts = tuple(text for table in tables for text in _texts(table))
    _unique([text.id for text in texts], root / "corpus")
    questions = tuple(_questions(root / "queries.jsonl"))
    _unique([question.id for question in questions], root / "queries.jsonl")
    judgements = _judgements(root / "qrels.tsv")
    if not any(question.id in judgements for question in questions):
        raise EvaluationError(
            f"no question of {str(root / 'queries.jsonl')!r} is judged in qrels.tsv: "
            "the first column there must repeat the _id of the questions"
        )
    return Folder(root.resolve().name, files, texts, questions, judgements)


def _texts(path: Path) -> Iterator[Text]:
    for where, line in json_lines(path):
        title = word(line, "title", where, default="")
        body = word(line, "text", where)
        yield Text(word(line, "_id", where), f"{title}\n{body}" if title else body)


def _questions(path: Path) -> Iterator[Question]:
    for where, line in json_lines(path):
        text = word(line, "text", where)
        if not text.strip():
            raise EvaluationError(f"{where}: the question is empty: give it a text or remove it")
        yield Question(
            id=word(line, "_id", where),
            text=text,
            doc=word(line, "doc", where, default=""),
            positional=flag(line, "positional", where),
            lang=word(line, "lang", where, default=""),
            doc_lang=word(line, "doc_lang", where, default=""),
        )


def _judgements(path: Path) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        cells = line.split("\t")
        if not line.strip() or (number == 1 and cells[0] == "query-id"):
            continue
        try:
            question, page, grade = cells[0], cells[1], int(cells[2])
        except (IndexError, ValueError):
            raise EvaluationError(
                f"{path}, line {number}: got {line!r}, expected question id, corpus id and a "
                "whole number with tabs between"
            ) from None
        found.setdefault(question, {})[page] = grade
    return found


def _unique(ids: list[str], where: Path, what: str = "_id") -> None:
    seen: set[str] = set()
    for name in ids:
        if name in seen:
            raise EvaluationError(f"{where}: {what} {name!r} stands there twice: make it unique")
        seen.add(name)
