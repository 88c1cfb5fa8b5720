"""A browser without a window: Playwright's package and a chromium that is on the machine."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def missing() -> str:
    """What is not there, and how to get it; "" when a browser can be started."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return "playwright is not installed: pip install playwright"
    if any(map(shutil.which, NAMES)):
        return ""
    with sync_playwright() as playwright:
        if Path(playwright.chromium.executable_path).exists():
            return ""
    return "there is no chromium: playwright install chromium, or apt-get install chromium"


@contextmanager
def browser() -> Iterator[Any]:
    """Chromium, closed at the end. Ask `missing` before."""
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as playwright:
        # No sandbox: inside a container there may be no user namespaces, and the pages are ours.
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()
