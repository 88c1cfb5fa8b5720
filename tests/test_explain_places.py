"""The heat map of the shipped encoder lies where the words are printed: nothing is turned over."""

import numpy as np
import pymupdf
import pytest

from quire.engine import Library
from quire.engine.encode.load import load_encoder

# A page twice as wide as tall, and a word in each of its corners: an x taken for a y, an axis
# turned over or a picture stored sideways would put each of them somewhere else.
WIDE, TALL = 800, 400
CORNERS = {
    "lighthouse": (80, 60),
    "telescope": (520, 60),
    "harvest": (80, 350),
    "zeppelin": (520, 350),
}
FILLING = "The committee met again on Monday and decided nothing of importance."


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("corners")
    with pymupdf.open() as pdf:
        page = pdf.new_page(width=WIDE, height=TALL)
        for word, place in CORNERS.items():
            page.insert_text(place, word, fontsize=28)
        page.insert_text((150, 200), FILLING, fontsize=15)
        # As a picture, so that only its looks can say where a word is.
        picture = page.get_pixmap(dpi=200)
    picture.save(folder / "corners.png")
    with pymupdf.open() as pdf:
        for _ in range(3):
            page = pdf.new_page(width=300, height=300)
            page.insert_textbox((20, 20, 280, 280), FILLING * 8, fontsize=11)
        pdf.save(folder / "other.pdf")
    made = Library.open(folder / "library", load_encoder("quire-mini"), create=True)
    made.add([folder / "corners.png", folder / "other.pdf"])
    return made


@pytest.mark.slow
@pytest.mark.parametrize("word", CORNERS)
def test_a_word_glows_in_the_corner_that_it_is_printed_in(library: Library, word: str) -> None:
    hits = library.search(f"{word} committee", mode="visual")
    [hit] = [hit for hit in hits if hit.name == "corners.png"]
    map_ = hit.heatmap().of(word)
    height, width = map_.shape
    assert width > 1.5 * height
    x, y = CORNERS[word]
    glowing = np.argwhere(map_ > 0.5 * map_.max())
    right = glowing[:, 1].mean() > width / 2
    low = glowing[:, 0].mean() > height / 2
    assert (right, low) == (x > WIDE / 2, y > TALL / 2)


@pytest.mark.slow
def test_the_best_region_of_a_picture_is_where_the_word_is(library: Library) -> None:
    hits = library.search("zeppelin", mode="visual")
    [hit] = [hit for hit in hits if hit.name == "corners.png"]
    x0, y0, x1, y1 = hit.regions()[0].box
    assert (x0 + x1) / 2 > 0.5 and (y0 + y1) / 2 > 0.5
