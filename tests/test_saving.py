"""Images are written beside the encoding, and all of them before a document is there."""

import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from quire.engine.store import saving
from quire.engine.store.images import load_image
from quire.engine.store.layout import Layout
from quire.engine.store.saving import MOST, Saver


def test_all_images_are_there_once_it_has_finished(tmp_path: Path) -> None:
    saver = Saver(Layout(tmp_path))
    for number in range(1, 3 * MOST):
        saver.save("document", number, Image.new("RGB", (28, 28), (number, 0, 0)))
    saver.finish()
    sizes = [load_image(Layout(tmp_path), "document", n).size for n in range(1, 3 * MOST)]
    assert sizes == [(28, 28)] * (3 * MOST - 1)


def test_an_image_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "images").write_text("a file where a folder should be")
    saver = Saver(Layout(tmp_path))
    saver.save("document", 1, Image.new("RGB", (28, 28)))
    with pytest.raises(OSError):
        saver.finish()
    saver.finish()  # told once


def test_few_images_wait_and_none_is_written_after_giving_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []

    def slow(layout: Layout, document: str, number: int, image: Any) -> Path:
        time.sleep(0.01)
        written.append(number)
        raise OSError("no room")

    monkeypatch.setattr(saving, "save_image", slow)
    saver = Saver(Layout(tmp_path))
    for number in range(MOST):
        saver.save("document", number, Image.new("RGB", (28, 28)))
    with pytest.raises(OSError, match="no room"):
        saver.save("document", MOST, Image.new("RGB", (28, 28)))
    saver.give_up()
    before = list(written)
    assert len(before) <= MOST
    time.sleep(0.05)
    assert written == before
