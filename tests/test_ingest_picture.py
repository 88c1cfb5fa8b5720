"""Pictures become pages: upright, on white, resized by Qwen's rule."""

import struct
import zlib
from pathlib import Path

import pytest
from ingest_files import SMALL
from PIL import Image

from quire.ingest import Kind, Limits, Page, ReadFailed, fit, open_pages


def pages_of(path: Path) -> list[Page]:
    with open_pages(path, SMALL) as pages:
        return list(pages)


def corner(tmp_path: Path, name: str, orientation: int) -> Path:
    """112 x 56, white, with a red square at the top left as stored."""
    image = Image.new("RGB", (112, 56), "white")
    image.paste("red", (0, 0, 28, 28))
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(tmp_path / name, exif=exif)
    return tmp_path / name


def is_red(pixel: object) -> bool:
    assert isinstance(pixel, tuple)
    red, green, blue = pixel
    return bool(red > 200 and green < 60 and blue < 60)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tiff"])
@pytest.mark.parametrize(
    ("orientation", "rotation", "red"),
    [(1, 0, (0, 0)), (3, 180, (1, 1)), (6, 90, (1, 0)), (8, 270, (0, 1)), (2, 0, (1, 0))],
)
def test_photos_are_turned_upright(
    tmp_path: Path, suffix: str, orientation: int, rotation: int, red: tuple[int, int]
) -> None:
    [page] = pages_of(corner(tmp_path, f"a.{suffix}", orientation))
    size = (56, 112) if rotation in (90, 270) else (112, 56)
    assert (page.width, page.height) == page.image.size == size
    assert page.rotation == rotation
    place = (red[0] * (size[0] - 20) + 9, red[1] * (size[1] - 20) + 9)
    assert is_red(page.image.getpixel(place))


def test_every_frame_of_a_tiff_is_a_page_and_may_have_its_own_size(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (56 * n, 56), (80 * n, 0, 0)) for n in (1, 2, 3)]
    frames[0].save(tmp_path / "a.tif", save_all=True, append_images=frames[1:])
    pages = pages_of(tmp_path / "a.tif")
    assert [page.number for page in pages] == [1, 2, 3]
    assert [page.image.getpixel((5, 5)) for page in pages] == [(80, 0, 0), (160, 0, 0), (240, 0, 0)]
    assert [page.width for page in pages] == [56, 112, 168]


def test_transparency_is_laid_on_white(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (112, 56), (0, 0, 0, 0))
    clear.paste((0, 0, 255, 128), (56, 0, 112, 56))
    clear.save(tmp_path / "a.png")
    clear.convert("P").save(tmp_path / "b.png", transparency=0)
    [page] = pages_of(tmp_path / "a.png")
    assert page.image.getpixel((20, 20)) == (255, 255, 255)
    assert page.image.getpixel((90, 20)) == (127, 127, 255)
    [page] = pages_of(tmp_path / "b.png")
    assert page.image.mode == "RGB"


def test_sixteen_bits_keep_their_greys(tmp_path: Path) -> None:
    Image.new("I;16", (112, 56), 32896).save(tmp_path / "a.png")
    Image.new("F", (112, 56), 0.5).save(tmp_path / "b.tif")
    for name in ("a.png", "b.tif"):
        [page] = pages_of(tmp_path / name)
        assert page.image.getpixel((9, 9)) == pytest.approx((128, 128, 128), abs=1)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "CMYK", "P", "RGB"])
def test_every_usual_mode_arrives_as_rgb_at_the_size_of_qwens_rule(
    tmp_path: Path, mode: str
) -> None:
    name = "a.jpg" if mode == "CMYK" else "a.png"
    Image.new(mode, (1000, 700)).save(tmp_path / name)
    [page] = pages_of(tmp_path / name)
    assert (page.image.mode, page.image.size) == ("RGB", fit(1000, 700, SMALL))
    assert (page.width, page.height) == (1000, 700)
    assert (page.words, page.text, page.section) == ((), "", "")


def test_a_picture_named_pdf_is_read_as_a_picture(tmp_path: Path) -> None:
    Image.new("RGB", (112, 56)).save(tmp_path / "a.pdf", format="PNG")
    with open_pages(tmp_path / "a.pdf", SMALL) as pages:
        assert pages.document.kind == "image"
        assert pages.document.title == "a"


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    header = b"IHDR" + struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    chunks = [header, b"IDAT" + zlib.compress(b"never read")]
    (tmp_path / "a.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks
        )
    )
    with pytest.raises(ReadFailed, match="30000 x 30000 pixels") as caught:
        pages_of(tmp_path / "a.png")
    assert caught.value.failure.kind is Kind.TOO_BIG
    Image.new("1", (300, 300)).save(tmp_path / "b.png")
    with (
        open_pages(tmp_path / "b.png", SMALL, Limits(max_picture_pixels=80_000)) as pages,
        pytest.raises(ReadFailed, match="300 x 300 pixels and the limit is 80,000"),
    ):
        next(pages)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_a_picture_that_was_cut_off_is_damaged(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.effect_noise((300, 300), 90).convert("RGB").save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ReadFailed) as caught:
        pages_of(path)
    assert caught.value.failure.kind is Kind.DAMAGED
