"""What lies where in a library's folder."""

from dataclasses import dataclass
from pathlib import Path

# WebP cannot be longer than this on a side; longer pages are kept as PNG.
WEBP_MAX_SIDE = 16_383


@dataclass(frozen=True)
class Layout:
    """The paths below one library's folder. Nothing here touches the disk."""

    root: Path

    @property
    def manifest(self) -> Path:
        return self.root / "manifest.json"

    @property
    def manifest_draft(self) -> Path:
        """The manifest until it is whole."""
        return self.root / "manifest.json.new"

    @property
    def tables(self) -> Path:
        return self.root / "tables"

    @property
    def images(self) -> Path:
        return self.root / "images"

    @property
    def uploads(self) -> Path:
        """Files that came over the network: the library is all that keeps them."""
        return self.root / "uploads"

    @property
    def codes(self) -> Path:
        """Codes of the rows, made from them."""
        return self.root / "codes"

    @property
    def codes_stamp(self) -> Path:
        """Says what the codes are in step with."""
        return self.codes / "stamp.json"

    @property
    def write_lock(self) -> Path:
        """Held by the one process that writes."""
        return self.root / "write.lock"

    @property
    def read_lock(self) -> Path:
        """Shared by readers, so that a writer knows when old versions may go."""
        return self.root / "read.lock"

    def names(self) -> set[str]:
        """Everything that may lie directly in the folder."""
        files = (self.manifest, self.manifest_draft, self.write_lock, self.read_lock)
        return {path.name for path in (*files, self.tables, self.images, self.codes, self.uploads)}

    def image_folder(self, document: str) -> Path:
        return self.images / document

    def image(self, document: str, number: int, *, side: int = 0) -> Path:
        """Where page `number` lies whose longer side has `side` pixels."""
        suffix = "webp" if side <= WEBP_MAX_SIDE else "png"
        return self.image_folder(document) / f"{number}.{suffix}"


def is_page_image(path: Path) -> bool:
    """Is this file a page that some library has drawn? Then it is no document of its own."""
    images = path.parent.parent
    return images.name == "images" and Layout(images.parent).manifest.is_file()
