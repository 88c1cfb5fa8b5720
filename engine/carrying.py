"""A library from one machine to another: in one file."""

from pathlib import Path

from .errors import EngineError
from .search.scope import check_metadata
from .store.archive import Packed
from .store.creating import make_library
from .store.disk import disk_errors
from .store.exporting import Exported, export_library
from .store.importing import Importer, check_same, exported_manifest
from .store.layout import Layout
from .store.lock import reading, unchanging, writing
from .store.manifest import Manifest
from .store.report import Progress, Report, Silent
from .store.tables import Tables
from .store.writing import Writer


class Portable:
    """Adds export and import to a library."""

    _layout: Layout
    _tables: Tables
    manifest: Manifest

    def export(
        self, target: str | Path, *, sources: bool = False, progress: Progress | None = None
    ) -> Exported:
        """Write all that is in the library to one file, a ZIP; with `sources` the documents' own
        files too, where they still lie at one of their paths.

        What failed, and codes and blocks that are made from the rest, are left out. Nobody can
        write to the library meanwhile. Raises EngineError for a file that is there already,
        LibraryBusy while another process writes.
        """
        file = Path(target).expanduser().absolute()
        with unchanging(self._layout), reading(self._layout):
            return export_library(
                self._tables, self.manifest, file, sources=sources, progress=progress or Silent()
            )

    def import_(self, file: str | Path, *, progress: Progress | None = None) -> Report:
        """Take in the documents of an export. Every part of the file is checked first.

        Documents that are here already are not doubled: they get the paths, and the metadata, that
        they lack. Sources are kept in the library's folder. Raises BadExport for a file that is no
        whole export, and then takes nothing in; WrongLibrary for one of another encoder.
        """
        with (
            Packed(Path(file).expanduser()) as packed,
            disk_errors(self._layout),
            writing(self._layout),
        ):
            check_same(self.manifest, exported_manifest(packed), self._layout.root)
            importer = Importer(packed, self._tables, self._writer(), self.manifest, check_metadata)
            try:
                importer.run(progress or Silent())
            finally:
                self._settle()
        return importer.report

    def _writer(self) -> Writer:
        raise NotImplementedError

    def _settle(self) -> None:
        raise NotImplementedError


def make_like(file: str | Path, layout: Layout) -> None:
    """Make an empty library of the encoder that an export is from. Raises BadExport, and
    EngineError where a library is already."""
    if layout.manifest.exists():
        raise EngineError(f"{layout.root} is a library already: open it and import into it")
    with Packed(Path(file).expanduser()) as packed:
        make_library(layout, exported_manifest(packed))
