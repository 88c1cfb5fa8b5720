"""Files that a model is judged by must not be among those that it learns from."""

from collections.abc import Iterable
from pathlib import Path

from quire.adapters.errors import AdapterError
from quire.ingest.document import document_id


def refuse_judged_files(files: Iterable[str | Path], judged: Path) -> None:
    """Raise `AdapterError` if a file has the bytes of one below `judged`.

    `files` are paths, or ids of documents as `document_id` gives them (text).
    """
    own = {document_id(f) if isinstance(f, Path) else f: f for f in files}
    for path in sorted(p for p in judged.rglob("*") if p.is_file()):
        if (found := own.get(document_id(path))) is not None:
            told = f"{found} has" if isinstance(found, Path) else "a document has"
            raise AdapterError(
                f"{told} the bytes of {path}, which models are judged by: leave it out, or the "
                "figures measured there mean nothing"
            )
