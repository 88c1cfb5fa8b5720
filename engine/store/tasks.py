"""Which of the encoder's tasks makes the vectors of a page.

Source code is read and not looked at: an encoder with the task `code` was taught to find it by what
it does, text to text. All else, and code for an encoder without that task, is for `retrieval`.
"""

from collections.abc import Sequence

from quire.adapters.tasks import CODE, RETRIEVAL
from quire.ingest.document import DocumentKind
from quire.ingest.page import Page

from ..encode.protocol import PageEncoder, Vectors, tasks_of
from .sides import TEXT, Side, encode_pages


def encode_for(
    encoder: PageEncoder, pages: Sequence[Page], kind: DocumentKind, side: Side
) -> tuple[list[Vectors], list[str]]:
    """The vectors of pages of a document of this kind, and the task that made each.

    Code is encoded by its text whatever `side` says; a page of it that is blank by its picture.
    """
    tasks = [
        CODE if kind == "code" and CODE in tasks_of(encoder) and page.text.strip() else RETRIEVAL
        for page in pages
    ]
    found: dict[int, Vectors] = {}
    for task, of in ((RETRIEVAL, side), (CODE, TEXT)):
        own = [i for i, one in enumerate(tasks) if one == task]
        made = encode_pages(encoder, [pages[i] for i in own], of, task)
        found |= dict(zip(own, made, strict=True))
    return [found[i] for i in range(len(pages))], tasks
