"""Starts `quire serve`, asks it a question in a browser, keeps a picture of the page, stops it.

    python tests/demo_page.py LIBRARY "a question" [--out demo-page.png] [--dark] [--width 1280]

Without Playwright or a chromium it says so and ends well: the page is only not seen then.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import chromium

TALL = 0.72  # of the width: a laptop's window
PATIENCE = 120_000  # milliseconds; a slow machine may take its time for the first search


@contextmanager
def served(library: str) -> Iterator[str]:
    """The address of a server for the library, which ends with the block."""
    command = [sys.executable, "-m", "quire.engine", "serve", "--port", "0", "--library", library]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None and server.stderr is not None
        told = server.stdout.readline()
        if not told:
            sys.exit(f"quire serve did not start: {server.stderr.read().strip()}")
        yield told.split()[-1].rstrip("/")
    finally:
        server.terminate()
        server.wait(30)


def shown(browser: Any, address: str, question: str, width: int, dark: bool) -> bytes:
    """The page with what was found and the answer, as PNG."""
    page = browser.new_page(
        viewport={"width": width, "height": round(width * TALL)},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    page.wait_for_selector(".documents li, .empty")
    page.fill("#query", question)
    page.click("#ask")
    page.wait_for_selector("#answer[aria-busy=false]")
    page.wait_for_selector(".leaf:not([aria-busy])")
    page.wait_for_load_state("networkidle")
    time.sleep(0.3)  # pictures that have arrived are painted
    picture: bytes = page.screenshot()
    return picture


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library")
    parser.add_argument("question")
    parser.add_argument("--out", default="demo-page.png")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--width", type=int, default=1280)
    given = parser.parse_args()
    if told := chromium.missing():
        print(f"No picture of the page: {told}", file=sys.stderr)
        return 0
    with served(given.library) as address, chromium.browser() as browser:
        picture = shown(browser, address, given.question, given.width, given.dark)
    with open(given.out, "wb") as out:
        out.write(picture)
    print(f"The page, as quire serve shows it: {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
