"""Page images as files: outside the tables, because compaction has lost payloads before."""

import io
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import EngineError
from .layout import WEBP_MAX_SIDE, Layout
from .sealing import seal

if TYPE_CHECKING:
    from PIL.Image import Image

# At 1.5 megapixels: 60 to 100 KB and 40 ms a page; PNG took 150 to 760 KB, JPEG 150 to 200 KB.
WEBP = {"format": "WEBP", "quality": 80, "method": 2}


def save_image(layout: Layout, document: str, number: int, image: "Image") -> str:
    """Returns the seal of the file's bytes."""
    side = max(image.size)
    path = layout.image(document, number, side=side)
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    image.save(buffer, **(WEBP if side <= WEBP_MAX_SIDE else {"format": "PNG"}))
    path.write_bytes(buffer.getvalue())
    return seal(buffer.getvalue())


def image_path(layout: Layout, document: str, number: int) -> Path | None:
    """Where the page's image lies, or None if there is none."""
    paths = (layout.image(document, number, side=side) for side in (0, WEBP_MAX_SIDE + 1))
    return next((path for path in paths if path.exists()), None)


def load_image(layout: Layout, document: str, number: int) -> "Image":
    """RGB, as it was encoded. Raises EngineError naming the page if it is gone or broken."""
    import PIL.Image

    path = image_path(layout, document, number)
    try:
        if path is None:
            raise OSError("the file is gone")
        with PIL.Image.open(path) as image:
            return image.convert("RGB")
    except OSError as error:
        raise EngineError(
            f"no image of page {number} of document {document} in {layout.root} ({error}): "
            "delete the document and add it again"
        ) from error


def drop_images(layout: Layout, document: str) -> None:
    """Remove a document's images; none there is fine."""
    shutil.rmtree(layout.image_folder(document), ignore_errors=True)


def image_folders(layout: Layout) -> set[str]:
    """Ids of the documents that have a folder of images."""
    return set(os.listdir(layout.images)) if layout.images.exists() else set()
