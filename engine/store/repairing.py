"""Mending a library from what is there."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from quire.ingest.failure import ReadFailed
from quire.ingest.find import Source
from quire.ingest.page import Page

from .check import Problem, Trouble, find_problems
from .contents import Entry, read_entries
from .images import save_image
from .manifest import Manifest
from .pages import page_id
from .tables import Tables, one_of
from .writing import Writer


@dataclass
class Repairs:
    """done: what was mended, and what had to go, as sentences. left: problems that remain."""

    done: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


# The pages of a source, as they were drawn for the encoder.
Redraw = Callable[[Source], Iterable[Page]]


class Repairer:
    """For a writer who holds the lock. What belongs to no document is gone when this begins."""

    def __init__(self, tables: Tables, writer: Writer, manifest: Manifest, redraw: Redraw) -> None:
        self._tables, self._writer, self._manifest = tables, writer, manifest
        self._redraw = redraw
        self.repairs = Repairs()

    def run(self, before: Iterable[Problem]) -> Repairs:
        """Mend what can be mended. before: the problems as they were, with the orphans."""
        done = self.repairs.done
        for problem in before:
            if problem.trouble is Trouble.ORPHANS:
                done.append(problem.text.replace("The next add removes them", "They were removed"))
        entries = {entry.document.id: entry for entry in read_entries(self._tables)}
        problems = find_problems(self._tables, self._manifest)
        broken = dict.fromkeys(p.document for p in problems if p.trouble is Trouble.ROWS)
        self._writer.delete(*broken)
        for document in broken:
            why = next(p.text for p in problems if p.document == document)
            done.append(f"{why} It was taken out.")
        lost: dict[str, set[int]] = {}
        for problem in problems:
            if problem.trouble is Trouble.IMAGE and problem.document not in broken:
                lost.setdefault(problem.document, set()).add(problem.page)
        for document, numbers in lost.items():
            done += self._draw(entries[document], numbers)
        if any(problem.trouble is Trouble.INDEX for problem in problems):
            self._tables.make_text_index()
            done.append("The text index was made anew.")
        if any(problem.trouble is Trouble.CODES for problem in problems):
            for path in self._tables.layout.codes.iterdir():
                path.unlink()  # whoever settles the library makes them anew
            done.append("The codes were made anew.")
        return self.repairs

    def _draw(self, entry: Entry, numbers: set[int]) -> Iterator[str]:
        """Draw lost images again, by the same library in the same version that drew them before:
        any other would show what the vectors have not seen."""
        document = entry.document
        query = self._tables.vectors.search().where(one_of("document", [document.id]))
        rows = query.select(["id", "engine"]).to_arrow().to_pylist()
        drew = {row["id"]: row["engine"] for row in rows}
        source = Source(document.id, document.paths, document.kind)
        made = 0
        try:
            for page in self._redraw(source):
                key = page_id(document.id, page.number)
                if page.number in numbers and page.engine == drew.get(key):
                    sealed = save_image(self._tables.layout, document.id, page.number, page.image)
                    self._tables.pages.update(
                        where=one_of("id", [key]), values={"image_seal": sealed}
                    )
                    made += 1
        except ReadFailed as failed:
            why = failed.failure.reason
            yield f"Images of {document.paths[0]} cannot be drawn again: {why}."
        if made:
            yield f"{made} of {len(numbers)} lost images of {document.paths[0]} were drawn again."
