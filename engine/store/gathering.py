"""What there is to read: files in folders, and documents fetched from addresses."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from quire.ingest.failure import ReadFailed
from quire.ingest.fetch import fetch, is_address
from quire.ingest.find import Found, find
from quire.ingest.limits import Limits
from quire.ingest.seen import Seen

from .layout import is_page_image


@contextmanager
def gathered(
    paths: Sequence[str | Path], limits: Limits, seen: Seen | None = None
) -> Iterator[Found]:
    """All documents at the paths and addresses; what was fetched is gone after the block."""
    addresses = [str(path) for path in paths if is_address(path)]
    named = [path for path in paths if not is_address(path)]
    here = without_page_images(find(named, limits, seen))
    found = Found(list(here.documents), list(here.failures))
    with TemporaryDirectory(prefix="quire-fetched-", ignore_cleanup_errors=True) as folder:
        for number, address in enumerate(dict.fromkeys(addresses)):
            own = Path(folder) / str(number)
            own.mkdir()
            try:
                one = find([fetch(address, own, limits)], limits)
            except ReadFailed as failed:
                found.failures.append(failed.failure)
                continue
            found.failures.extend(replace(failure, path=address) for failure in one.failures)
            found.documents.extend(
                replace(source, paths=(address,), file=source.paths[0]) for source in one.documents
            )
        yield found


def without_page_images(found: Found) -> Found:
    """What was found, less the images of libraries that lie in the folders searched."""
    documents = []
    for source in found.documents:
        paths = tuple(path for path in source.paths if not is_page_image(Path(path)))
        if paths:
            documents.append(replace(source, paths=paths))
    return Found(documents, [f for f in found.failures if not is_page_image(Path(f.path))])
