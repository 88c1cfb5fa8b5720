"""Pictures through Pillow. Imported in the reading process only."""

import math
from typing import Any

from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from .budget import PixelBudget, fit
from .drawing import Drawing
from .failure import Failure, Kind, ReadFailed
from .sniff import is_heif

_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP", "AVIF")
_FRAMES = ("TIFF", "GIF")  # formats whose frames are pages
# EXIF orientation -> the clockwise turn that makes the picture upright (mirroring aside).
_TURNS = {3: 180, 4: 180, 5: 90, 6: 90, 7: 270, 8: 270}
# A photo is decoded at the smallest eighth that keeps this many pixels for one of the result
# in each direction: as sharp as from the full size, and several times faster.
_OVERSAMPLING = 2


class PictureReader:
    """An open picture. Frames of a TIFF or GIF are pages; of other formats the first one counts."""

    def __init__(self, path: str, max_picture_pixels: int) -> None:
        self._path = path
        self._max_pixels = max_picture_pixels
        self.title = ""
        self._file = _open(path)
        several = self._file.format in _FRAMES
        self.pages: int = getattr(self._file, "n_frames", 1) if several else 1

    def info(self) -> dict[str, Any]:
        return {"outline": []}

    def draw(self, number: int, budget: PixelBudget) -> Drawing:
        """Frame `number`, upright, on white, resized as Qwen's rule says."""
        image: Image.Image = self._file
        if self.pages > 1:
            image.seek(number - 1)
        if image.width * image.height > self._max_pixels:
            reason = (
                f"is {image.width} x {image.height} pixels and the limit is {self._max_pixels:,}:"
                " save it smaller, or allow more with --limit max_picture_pixels=..."
            )
            raise ReadFailed(Failure(self._path, Kind.TOO_BIG, reason))
        turn = _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1), 0)
        width, height = image.size
        scaled = fit(width, height, budget)
        # Only JPEG can be decoded smaller; for the others this does nothing.
        image.draft(None, (scaled[0] * _OVERSAMPLING, scaled[1] * _OVERSAMPLING))
        image.load()
        upright = ImageOps.exif_transpose(image)
        if turn in (90, 270) and image.format != "TIFF":  # there the size is the upright one
            width, height = height, width
        across, down = fit(width, height, budget)
        picture = _on_white(upright)
        if picture.size != (across, down):
            picture = picture.resize((across, down), Image.Resampling.BICUBIC)
        return Drawing(
            pixels=picture.tobytes(),
            across=across,
            down=down,
            width=width,
            height=height,
            rotation=turn,
        )

    def close(self) -> None:
        self._file.close()


def _open(path: str) -> Image.Image:
    """The picture, not decoded yet. As Image.open does it, less its limit on pixels, which holds
    for a whole process: `draw` keeps ours."""
    Image.init()
    with open(path, "rb") as file:
        head = file.read(16)
    for name in _FORMATS:
        factory, accept = Image.OPEN[name]
        if accept is not None and accept(head) is True:
            return factory(open(path, "rb"), "")
    if is_heif(head):
        return _open_heif(path)
    raise UnidentifiedImageError("no picture of a format known here")


def _open_heif(path: str) -> Image.Image:
    try:
        from pillow_heif import HeifImageFile
    except ImportError as error:
        reason = "is a HEIF picture, which pillow-heif reads: pip install 'quire[heif]'"
        raise ReadFailed(Failure(path, Kind.MISSING, reason)) from error
    opened: Image.Image = HeifImageFile(open(path, "rb"), "")  # noqa: SIM115 (closed with it)
    return opened


def _on_white(image: Image.Image) -> Image.Image:
    """RGB of any mode; what shines through is white, as on paper."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith(("I", "F")):
        return _to_bytes(image).convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        paper = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(paper, layer).convert("RGB")
    return image.convert("RGB")


def _to_bytes(image: Image.Image) -> Image.Image:
    """16 bits, 32 bits or floats as 8 bits. Pillow's own conversion cuts all above 255 off."""
    highest = float(image.getextrema()[1])  # type: ignore[arg-type]
    if not math.isfinite(highest) or highest <= 0:
        return image.convert("L")
    full = 65535.0 if image.mode.startswith("I;16") else _full_scale(image.mode, highest)
    return image.convert("F").point(lambda value: value * (255.0 / full) + 0.0).convert("L")


def _full_scale(mode: str, highest: float) -> float:
    """What counts as white: the files do not say, so the nearest usual scale above."""
    scales = (255.0, 65535.0) if mode == "I" else (1.0, 255.0, 65535.0)
    return next((scale for scale in scales if highest <= scale), highest)
