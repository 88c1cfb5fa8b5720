"""Are the codes in step with the rows?"""

from collections.abc import Iterator

import numpy as np

from .codes import CodeShelf
from .contents import Contents
from .kinds import KINDS
from .manifest import Manifest
from .tables import Tables
from .taking import Taker

CHECKED_PAGES = 64  # whose rows are in memory at a time
MEND = "Search scores them exactly; the next add makes the codes anew."


def check_codes(tables: Tables, contents: Contents, manifest: Manifest) -> Iterator[str]:
    """One sentence per problem. Makes the codes of every page again and compares: 2 ms a page."""
    shelf, taker = CodeShelf(tables.layout), Taker(tables, manifest.dim)
    for kind in manifest.codes:
        coded = shelf.of(kind, contents)
        if len(coded.missing):
            yield f"{len(coded.missing)} pages have no codes {kind!r}. {MEND}"
        for part in coded.parts:
            places = np.flatnonzero(part.where >= 0)
            for start in range(0, len(places), CHECKED_PAGES):
                few = places[start : start + CHECKED_PAGES]
                rows = taker.take(contents, part.where[few])
                wrong = KINDS[kind].differ(rows, part.codes, few.tolist())
                if wrong:
                    yield (
                        f"Codes {kind!r} of {wrong} pages in {part.file.path} are not those of "
                        f"their rows. Delete that file; the next add makes it anew."
                    )
    yield from (f"{told}. {MEND}" for told in shelf.broken())
