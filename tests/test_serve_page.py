"""The page in a real browser: every way through it, without a look to the outside.

Set SCREENSHOTS to a folder, and what was seen is kept there.
"""

import base64
import io
import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chromium
import numpy as np
import pytest
from PIL import Image
from serving import Slow, listening, opener, pdf_bytes

from quire.engine.serve.settings import Settings

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(bool(chromium.missing()), reason=chromium.missing())

NASTY = "<img src=x onerror=alert(1)>"
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
DROP = """([name, content, half]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name));
  dispatchEvent(new DragEvent("dragenter", { dataTransfer: data }));
  const target = document.querySelector(`[data-drop=${half}]`);
  target.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true }));
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium.browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with listening(opener(folder)) as (address, _):
        yield address


class Visitor:
    """A browser's window that minds its manners: `check` says what it met."""

    def __init__(self, browser: Any, address: str, **how: Any) -> None:
        how = {"viewport": WIDE, **how}
        self.context = browser.new_context(**how)
        self.page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.address, self.met = address, list[str]()
        self.page.on("console", lambda told: self.met.append(f"{told.type}: {told.text}"))
        self.page.on("pageerror", lambda error: self.met.append(f"error: {error}"))
        self.page.on("request", self._asked)
        self.page.on("dialog", lambda dialog: self.met.append(f"dialog: {dialog.message}"))

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.address, "blob:", "data:")):
            self.met.append(f"outside: {request.url}")

    def open(self, path: str = "/") -> Any:
        self.page.goto(f"{self.address}{path}")
        return self.page

    def search(self, query: str) -> None:
        self.page.fill("#query", query)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector(".card[data-place], .nothing")

    def shot(self, name: str) -> None:
        if folder := os.environ.get("SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=f"{folder}/{name}.png")


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Any]:
    visitors: list[Visitor] = []

    def visit(where: str = address, **how: Any) -> Visitor:
        visitors.append(Visitor(browser, where, **how))
        return visitors[-1]

    yield visit
    for visitor in visitors:
        visitor.context.close()
    assert [told for visitor in visitors for told in visitor.met] == []


def text_of(page: Any, selector: str) -> str:
    text: str = page.inner_text(selector)
    return text


def drop(page: Any, name: str, content: bytes, half: str = "add") -> None:
    page.evaluate(DROP, [name, base64.b64encode(content).decode(), half])


def test_the_first_page_shows_the_documents_and_waits_for_a_question(visit: Any) -> None:
    visitor = visit()
    page = visitor.open()
    page.wait_for_selector(".documents li")
    assert text_of(page, "#count") == "2 documents · 3 pages"
    assert page.evaluate("document.activeElement.id") == "query"
    visitor.shot("home")


def test_searching_shows_pages_and_opens_the_best_with_its_heat_map(visit: Any) -> None:
    visitor = visit()
    visitor.open()
    visitor.search("When does the ferry sail?")
    page = visitor.page
    page.wait_for_selector(".region")
    assert "ships.pdf" in text_of(page, ".card[aria-current=true]")
    assert page.eval_on_selector_all("mark", "nodes => nodes.map(n => n.textContent)")[:2] == [
        "ferry", "sails",
    ]  # fmt: skip
    chips = page.eval_on_selector_all(".chips button", "nodes => nodes.map(n => n.textContent)")
    assert chips == ["0All words", "1ferry", "2sail"]
    assert "q=When" in page.url and "page=1" in page.url
    visitor.shot("found")


def test_the_heat_map_lies_where_the_word_stands(visit: Any) -> None:
    visitor = visit()
    visitor.open()
    visitor.search("ferry")  # the second word of the page: second cell of the first row
    visitor.page.wait_for_selector(".chips button")
    read = "canvas => [...canvas.getContext('2d').getImageData(0, 0, 4, 4).data]"
    pixels = np.array(visitor.page.eval_on_selector(".leaf canvas", read)).reshape(4, 4, 4)
    assert np.argwhere(pixels[..., 1] < 255).tolist() == [[0, 1]]
    leaf, canvas = (visitor.page.locator(s).bounding_box() for s in (".leaf", ".leaf canvas"))
    assert leaf == canvas


def test_the_strength_of_the_heat_map_can_be_dragged_in_one_go(visit: Any) -> None:
    visitor = visit()
    visitor.open()
    visitor.search("ferry")
    page = visitor.page
    slider = page.get_by_label("Strength of the heat map")
    slider.wait_for()
    held = slider.element_handle()
    read = "canvas => canvas.toDataURL()"
    strong = page.eval_on_selector(".leaf canvas", read)
    held.evaluate("n => { n.value = 20; n.dispatchEvent(new Event('input')); }")
    assert page.eval_on_selector(".leaf canvas", read) != strong
    assert held.evaluate("n => n.isConnected"), "the slider under the finger is still the same"


def test_results_come_where_their_places_were(visit: Any) -> None:
    visitor = visit()
    waiting: list[Any] = []
    visitor.page.route("**/api/search", lambda route: waiting.append(route))
    page = visitor.open()
    page.wait_for_selector(".documents li")
    page.fill("#query", "ferry")
    page.keyboard.press("Enter")
    page.wait_for_selector(".skeleton")
    before = page.locator(".card").first.bounding_box()
    waiting[0].continue_()
    page.wait_for_selector(".leaf")
    after = page.locator(".card").first.bounding_box()
    assert (before["x"], before["y"], before["width"]) == (after["x"], after["y"], after["width"])
    stage = page.locator(".stage").bounding_box()
    page.wait_for_selector(".chips button")
    assert page.locator(".stage").bounding_box() == stage, "the page stays where it is"


def test_thumbnails_have_their_room_before_they_arrive(visit: Any) -> None:
    visitor = visit()
    visitor.page.route("**/thumbnail", lambda route: None)  # they never do
    visitor.open()
    visitor.search("ferry")
    boxes = visitor.page.eval_on_selector_all(
        ".card .thumb", "nodes => nodes.map(n => n.getBoundingClientRect().height)"
    )
    assert len(boxes) == 3 and min(boxes) > 100
    visitor.page.unroute_all(behavior="ignoreErrors")


def test_the_keyboard_does_everything(visit: Any) -> None:
    visitor = visit()
    page = visitor.open()
    page.wait_for_selector(".documents li")
    page.keyboard.press("Escape")  # leaves the empty field
    page.keyboard.press("/")
    page.keyboard.type("ferry")
    page.keyboard.press("Enter")
    page.wait_for_selector(".chips button")
    page.wait_for_selector(".card[data-place='0'][aria-current=true]:focus")
    page.keyboard.press("j")
    page.wait_for_selector(".card[data-place='1'][aria-current=true]")
    page.keyboard.press("k")
    page.wait_for_selector(".card[data-place='0'][aria-current=true]")
    page.wait_for_selector(".chips button")
    for key, selector in (("h", "Heat"), ("b", "Boxes")):
        button = page.get_by_role("button", name=selector)
        assert button.get_attribute("aria-pressed") == "true"
        page.keyboard.press(key)
        assert button.get_attribute("aria-pressed") == "false"
        page.keyboard.press(key)
    page.keyboard.press("1")
    assert text_of(page, ".chips button[aria-pressed=true]") == "1ferry"
    page.keyboard.press("0")
    assert text_of(page, ".chips button[aria-pressed=true]") == "0All words"
    before = page.eval_on_selector(".leaf", "n => n.clientWidth")
    page.keyboard.press("+")
    assert page.eval_on_selector(".leaf", "n => n.clientWidth") > 1.2 * before
    page.keyboard.press("-")
    page.keyboard.press("n")
    sync_api.expect(page.locator(".viewer-tools output")).to_have_text("2 / 2")
    page.keyboard.press("p")
    sync_api.expect(page.locator(".viewer-tools output")).to_have_text("1 / 2")
    page.keyboard.press("?")
    assert "Keyboard" in text_of(page, "dialog[open]")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    assert page.is_hidden("#viewer")


def test_an_answer_points_to_the_place_on_its_page(visit: Any) -> None:
    visitor = visit()
    page = visitor.open()
    page.fill("#query", "When does the ferry sail?")
    page.click("#ask")
    page.wait_for_selector("button.cite")
    assert "sails at noon" in text_of(page, "#answer")
    page.click("button.cite")
    page.wait_for_selector(".region.cited")
    assert "ships.pdf" in text_of(page, ".viewer h2")
    visitor.shot("answer")
    page.fill("#query", "dividend of the museum")
    page.click("#ask")
    page.wait_for_selector("text=Not in your documents")
    assert "Probably not in your documents" in text_of(page, "#notice")
    assert "null" not in text_of(page, "#answer")


def test_what_a_model_writes_is_text_and_a_page_that_is_not_there_cannot_be_opened(
    visit: Any, folder: Path
) -> None:
    class Writes:
        name = "<b>writes</b>"

        def write(self, question: str, pages: Any) -> Iterator[str]:
            yield f"{NASTY} It sails at noon [1][99]."

    with listening(opener(folder), Settings(generator=Writes())) as (address, _):
        visitor = visit(address)
        page = visitor.open()
        page.wait_for_selector(".documents li")
        page.fill("#query", "When does the ferry sail?")
        page.click("#ask")
        page.wait_for_selector("#answer[aria-busy=false] button.cite")
        assert f"{NASTY} It sails at noon" in text_of(page, "#answer")
        assert "<b>writes</b>" in text_of(page, "#answer")
        assert page.query_selector("#answer img, #answer b") is None
        good, bad = page.query_selector_all("button.cite")
        assert good.is_enabled() and not bad.is_enabled()
        assert "there is no page [99]" in (bad.get_attribute("title") or "")


def test_a_dropped_document_is_added_found_and_taken_out(visit: Any, tmp_path: Path) -> None:
    visitor = visit()
    page = visitor.open()
    page.wait_for_selector(".documents li")
    drop(page, f"{NASTY}.pdf", pdf_bytes(tmp_path, f"A zebra crosses {NASTY}", title=NASTY))
    page.wait_for_selector(".job >> text=1 document added")
    drop(page, "junk.pdf", b"%PDF-1.7 nothing")
    page.wait_for_selector(".job li >> text=junk.pdf")
    visitor.shot("added")
    visitor.search("zebra")
    assert "onerror=alert(1)_.pdf" in text_of(page, ".card[data-place='0']")
    assert NASTY[4:] in text_of(page, ".card[data-place='0'] .card-text")
    page.click("#home")
    page.click("[aria-label^='Remove _img']")
    page.click("text=Really remove?")
    sync_api.expect(page.locator("#count")).to_have_text("2 documents · 3 pages")


def test_a_picture_and_a_part_of_a_page_can_be_searched_with(visit: Any) -> None:
    visitor = visit()
    page = visitor.open()
    page.wait_for_selector(".documents li")
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "grey").save(buffer, "PNG")
    drop(page, "grey.png", buffer.getvalue(), "seek")
    page.wait_for_selector(".card[data-place='0'], .notice.bad")
    assert page.is_visible(".card[data-place='0']"), text_of(page, "#notice")
    assert "grey.png" in text_of(page, "#with-picture")
    visitor.search("ferry")
    page.wait_for_selector(".chips button")
    page.get_by_role("button", name="Search with a part").click()
    box = page.locator(".leaf").bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 120, steps=4)
    visitor.shot("part")
    page.mouse.up()
    page.wait_for_selector("#with-picture >> text=part of ships.pdf")
    page.wait_for_selector(".card[data-place='0']")
    page.click("[aria-label='Search without the picture']")
    assert page.is_hidden("#with-picture")


def test_a_search_can_be_copied_as_code_that_cannot_be_misread(visit: Any) -> None:
    visitor = visit()
    visitor.open()
    query = """it's "so" $(rm -rf) \\ é"""
    visitor.search(query)
    page = visitor.page
    page.click("#copy-as")
    python = text_of(page, "dialog pre")
    asked = next(line for line in python.splitlines() if "search(" in line)
    literal = asked.split("search(", 1)[1].rsplit(", k=", 1)[0]
    assert eval(literal, {"__builtins__": {}}) == query
    page.click("dialog >> text=CLI")
    assert shlex.split(text_of(page, "dialog pre"))[:3] == ["quire", "search", query]
    page.click("dialog >> text=curl")
    assert f"{visitor.address}/api/search" in shlex.split(text_of(page, "dialog pre"))
    visitor.shot("code")
    page.keyboard.press("Escape")


def test_modes_tell_what_they_cost_and_nothing_found_shows_the_way_on(visit: Any) -> None:
    visitor = visit()
    visitor.open()
    visitor.search("zeppelin")
    page = visitor.page
    page.wait_for_selector(".mode small:not(:empty)")
    page.click("input[value=text]")
    page.wait_for_selector(".nothing")
    visitor.shot("nothing")
    page.click("text=Find by looks")
    page.wait_for_selector(".card[data-place='0']")
    assert len(page.query_selector_all(".mode small:not(:empty)")) == 3
    page.go_back()
    page.wait_for_selector(".nothing")


def test_a_link_leads_to_the_same_page_again(visit: Any) -> None:
    first = visit()
    first.open()
    first.search("bees")
    first.page.wait_for_selector(".chips button")
    second = visit()
    second.page.goto(first.page.url)
    second.page.wait_for_selector(".chips button")
    assert "bees.pdf" in text_of(second.page, ".viewer h2")
    assert second.page.input_value("#query") == "bees"


def test_on_a_phone_the_page_is_a_sheet_and_nothing_runs_over_the_edge(visit: Any) -> None:
    visitor = visit(viewport=PHONE, has_touch=True, is_mobile=True)
    visitor.open()
    visitor.search("ferry")
    page = visitor.page
    wide = "document.documentElement.scrollWidth"
    assert page.evaluate(wide) <= 390
    assert page.is_hidden("#viewer")
    page.tap(".card[data-place='0']")
    page.wait_for_selector(".chips button")
    assert page.evaluate(wide) <= 390
    sheet = page.locator("#viewer").bounding_box()
    assert (sheet["width"], sheet["height"]) == (390, 844)
    visitor.shot("phone")
    page.get_by_role("button", name="Close the page").tap()
    assert page.is_visible(".card[data-place='0']")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_ink_stands_out_from_paper_by_day_and_by_night(visit: Any, scheme: str) -> None:
    visitor = visit(color_scheme=scheme)
    page = visitor.open()
    page.wait_for_selector(".documents li")
    visitor.search("ferry")
    style = "getComputedStyle(document.documentElement).getPropertyValue('--{}').trim()"
    colour = {n: page.evaluate(style.format(n)) for n in ("paper", "sheet", "wash", "ink", "faded",
              "rubric", "rubric-ink")}  # fmt: skip
    for paper in ("paper", "sheet", "wash"):
        assert contrast(colour["ink"], colour[paper]) > 7
        assert contrast(colour["faded"], colour[paper]) > 4.5, paper
    assert contrast(colour["rubric-ink"], colour["rubric"]) > 4.5
    assert contrast(colour["rubric"], colour["sheet"]) > 4.5
    is_dark = contrast(colour["paper"], "#ffffff") > 10
    assert is_dark == (scheme == "dark")
    visitor.shot(scheme)
    page.click("#theme")
    other = page.evaluate(style.format("paper"))
    assert (contrast(other, "#ffffff") > 10) != is_dark


def contrast(a: str, b: str) -> float:
    """WCAG 2: (lighter + 0.05) / (darker + 0.05) of relative luminances."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        line = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * line[0] + 0.7152 * line[1] + 0.0722 * line[2]

    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_everything_that_can_be_pressed_has_a_name(visit: Any) -> None:
    visitor = visit()
    visitor.open()
    visitor.search("ferry")
    visitor.page.wait_for_selector(".region")
    nameless = visitor.page.evaluate(
        """() => [...document.querySelectorAll("button, input, a, img")]
          .filter((n) => !n.closest("[hidden]"))
          .filter((n) => !(n.getAttribute("aria-label") ?? n.textContent ?? "").trim()
            && n.getAttribute("alt") == null && !n.labels?.length)
          .map((n) => n.outerHTML)"""
    )
    assert nameless == []


def test_an_empty_library_asks_for_files_and_shows_them_coming_in(
    browser: Any, visit: Any, tmp_path: Path
) -> None:
    with listening(opener(tmp_path, empty=True, encoder=Slow())) as (address, _):
        visitor = visit(address)
        page = visitor.open()
        page.wait_for_selector("text=An empty quire")
        visitor.shot("empty")
        drop(page, "leaves.pdf", pdf_bytes(tmp_path, *["A leaf"] * 20))
        page.wait_for_selector(".job >> text=of 20")
        visitor.shot("indexing")
        page.click(".job >> text=Stop")
        page.wait_for_selector(".job >> text=Stopped")
        assert page.is_visible("text=An empty quire")


def test_a_server_that_goes_away_is_missed_in_words(
    browser: Any, folder: Path, tmp_path: Path
) -> None:
    with listening(opener(folder)) as (address, _):
        visitor = Visitor(browser, address)
        page = visitor.open()
        page.wait_for_selector(".documents li")
    page.fill("#query", "ferry")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=The server does not answer")
    assert page.is_visible("text=Try again")
    visitor.shot("gone")
    visitor.context.close()


def test_a_server_with_a_token_asks_for_it_once(visit: Any, browser: Any, folder: Path) -> None:
    settings = Settings(token="a-word-of-mouth")
    with listening(opener(folder), settings) as (address, _):
        by_hand = Visitor(browser, address)
        page = by_hand.open()
        page.fill("dialog input", "wrong-guess")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=this is not the server's token")
        page.fill("dialog input", "a-word-of-mouth")
        page.keyboard.press("Enter")
        page.wait_for_selector(".documents li img")
        by_hand.search("ferry")
        assert not any("outside" in told for told in by_hand.met)
        by_hand.context.close()
        by_link = visit(address)
        page = by_link.open("/#token=a-word-of-mouth")
        page.wait_for_selector(".documents li")
        assert "token" not in page.url


def test_the_description_for_programs_is_drawn_without_help_from_outside(visit: Any) -> None:
    visitor = visit()
    page = visitor.open("/docs")
    page.get_by_text("/api/search", exact=True).click()
    page.wait_for_selector("details[open] pre >> text=relevance: number")
