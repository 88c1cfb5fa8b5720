"""The typefaces that sheets are set in: whatever the machine has, if it can write Latin text."""

from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from ..errors import AdapterError

FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".fonts")
PROBE = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,;:()%äöüéàçñß"
# Faces that draw no plain text although they map Latin letters, or that nobody prints documents in.
UNREADABLE = ("symbol", "emoji", "icon", "dingbat", "braille", "math", "lastresort", "blank")


def _folders() -> Iterator[Path]:
    """Where faces lie; those that come with matplotlib are there on a machine without any."""
    yield from (folder for folder in FOLDERS if folder.is_dir())
    matplotlib = find_spec("matplotlib")
    if matplotlib is not None and matplotlib.origin is not None:
        yield Path(matplotlib.origin).parent / "mpl-data" / "fonts" / "ttf"


@lru_cache
def latin_faces() -> tuple[Path, ...]:
    """Font files with all of the letters, digits and marks of `PROBE`, in a stable order.

    One machine has other faces than the next; the recipe names the Debian packages that the
    published weights were trained with. Families with dozens of weights keep four of them.
    """
    import pymupdf

    found: list[Path] = []
    per_family: dict[str, int] = {}
    for path in sorted(p for f in _folders() for p in f.rglob("*.[to]tf")):
        name = path.stem.lower()
        if any(word in name for word in UNREADABLE):
            continue
        family = f"{path.parent}/{name.split('-')[0]}"
        if per_family.get(family, 0) >= 4:
            continue
        try:
            font = pymupdf.Font(fontfile=str(path))
            good = all(font.has_glyph(ord(c)) for c in PROBE)
        except RuntimeError:
            good = False
        if good:
            per_family[family] = per_family.get(family, 0) + 1
            found.append(path)
    if len(found) < 3:
        raise AdapterError(
            f"{len(found)} usable typefaces found under {', '.join(map(str, FOLDERS))}: install "
            "some, for example `apt-get install fonts-dejavu fonts-liberation fonts-freefont-ttf`"
        )
    return tuple(found)
