"""Two floor plans of a museum as the frames of one TIFF, black on white like a fax. No text."""

from pathlib import Path

from matplotlib.patches import Rectangle
from PIL import Image

from .sheet import INK, canvas, raster

SIZE, UNITS = (540.0, 400.0), (54.0, 40.0)
GROUND = [
    ("Entrance hall", 21, 4, 12, 9), ("Cloakroom", 33, 4, 8, 9), ("Shop", 13, 4, 8, 9),
    ("Bells and clocks", 4, 13, 17, 12), ("Court with fig tree", 21, 13, 12, 12),
    ("Ship models", 33, 13, 17, 12), ("Whale skeleton", 13, 25, 28, 9),
    ("Lift", 41, 25, 4, 5), ("Stairs", 9, 25, 4, 9),
]  # fmt: skip
UPPER = [
    ("Maps and globes", 4, 4, 17, 12), ("Tide machine", 21, 4, 12, 9), ("Net loft", 33, 4, 17, 12),
    ("Herring hall", 4, 16, 17, 9), ("Portraits of pilots", 33, 16, 17, 9),
    ("Roof over court", 21, 13, 12, 12),
    ("Cafe with view", 13, 25, 28, 9), ("Lift", 41, 25, 4, 5), ("Stairs", 9, 25, 4, 9),
]  # fmt: skip


def floor(title: str, rooms: list[tuple[str, int, int, int, int]], note: str) -> Image.Image:
    """One plan, 1 bit a pixel."""
    drawing, axes = canvas(SIZE, UNITS)
    for name, x, y, width, height in rooms:
        axes.add_patch(Rectangle((x, y), width, height, fill=False, ec=INK, lw=2))
        words = name.replace(" ", "\n") if width < 5 else name
        axes.text(x + width / 2, y + height / 2, words, ha="center", va="center", fontsize=10)
    axes.text(2, 36.6, f"Maritime Museum Marrow: {title}", fontsize=16, fontweight="bold")
    axes.text(4, 1.4, note, fontsize=10)
    axes.annotate("N", (51, 38.5), (51, 34), arrowprops={"arrowstyle": "->"}, ha="center")
    return raster(drawing, 150).convert("L").point(lambda level: 255 * (level > 150)).convert("1")


def build(path: Path) -> None:
    ground = floor(
        "ground floor", GROUND, "Prams may be left in the court. The whale may be touched."
    )
    upper = floor(
        "upper floor", UPPER, "The tide machine runs at 11:00 and 15:00. No flash, please."
    )
    ground.save(path, compression="group4", save_all=True, append_images=[upper], dpi=(150, 150))
