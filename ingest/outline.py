"""Which section of the outline a page falls under."""

from collections.abc import Iterable

SEPARATOR = " > "


def sections(outline: Iterable[tuple[int, str, int]], pages: int) -> list[str]:
    """The section path of every page, from (level, title, page) entries in outline order.

    Levels and pages count from 1; an entry without a page (below 1) only names its children.
    Where entries start on a page, it falls under the first of them and on down as long as the
    next one is a child ("2 Setup > 2.1 Tools", not the "2.2 Parts" further below). Where none
    starts, it falls under the last entry of the pages before; before the first entry: "".
    """
    first: dict[int, tuple[str, ...]] = {}
    last: dict[int, tuple[str, ...]] = {}
    path: list[str] = []
    for level, title, page in outline:
        del path[max(level, 1) - 1 :]
        path.append(" ".join(title.split()))
        if 1 <= page <= pages:
            here = tuple(path)
            unbroken = first.get(page) == last.get(page)  # also true for the first entry
            if page not in first or (unbroken and here[: len(first[page])] == first[page]):
                first[page] = here
            last[page] = here
    found, current = [], ""
    for page in range(1, pages + 1):
        found.append(_join(first[page]) if page in first else current)
        current = _join(last[page]) if page in last else current
    return found


def _join(path: Iterable[str]) -> str:
    return SEPARATOR.join(title for title in path if title)
