"""When text is read off the picture, and of which picture. In the reading process only."""

from collections.abc import Sequence
from dataclasses import replace

from .budget import PixelBudget
from .drawing import MAX_WORDS, Drawing, Reader, clean
from .ocr import Recogniser, load, ocr_version
from .wire import BoxedWord

# What letters are read at. Of a scan at twice as many pixels neither engine read more words, and
# both took a third longer.
_SHARPNESS = PixelBudget(max_pixels=1_500_000, min_pixels=1_000_000, factor=28)
_ENOUGH = 0.6  # of those pixels: then the picture for the encoder serves
_BLANK = 24  # levels of grey between the darkest and the brightest dot of an empty page


class ReadingOff:
    """Reads pages without text; the engine is loaded for the first of them and kept."""

    def __init__(self) -> None:
        self._engines: dict[str, Recogniser] = {}
        self.loaded = False  # an engine since this was last set to False

    def page(
        self, page: Drawing, number: int, reader: Reader, mode: str, engine: str
    ) -> tuple[Drawing, str]:
        """The page with the words read off it, and who read them: "" where nobody did.

        mode: "auto" for pages without text, "always". The text that was there gives way.
        """
        wanted = mode == "always" or (mode == "auto" and not page.text.strip())
        if not wanted or not engine or _blank(page.pixels):
            return page, ""
        sharp = page
        if page.across * page.down < _ENOUGH * _SHARPNESS.max_pixels:
            sharp = reader.draw(number, _SHARPNESS)
        if engine not in self._engines:
            self._engines[engine] = load(engine)
            self.loaded = True
        lines = self._engines[engine].read(sharp.pixels, sharp.across, sharp.down)
        words, text = _joined(lines)
        return replace(page, words=words, text=text), ocr_version(engine)


def _joined(lines: Sequence[Sequence[BoxedWord]]) -> tuple[list[BoxedWord], str]:
    kept = [
        [(a, b, c, d, clean(word).strip()) for a, b, c, d, word in line if clean(word).strip()]
        for line in lines
    ]
    words = [word for line in kept for word in line][:MAX_WORDS]
    return words, "\n".join(" ".join(word[-1] for word in line) for line in kept if line)


def _blank(pixels: bytes) -> bool:
    return not pixels or max(pixels) - min(pixels) < _BLANK
