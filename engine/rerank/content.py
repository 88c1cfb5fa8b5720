"""What is judged: text, pictures, or both, out of whatever a caller hands in."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from quire.ingest.page import Page

from ..errors import RerankError
from .protocol import Candidate, Reads


@dataclass(frozen=True)
class Content:
    """Pictures, and the text that follows them. Both may be missing."""

    text: str = ""
    pictures: tuple[Image.Image, ...] = ()


def contents(
    items: Sequence[Candidate | Content], reads: Reads, what: str = "candidate"
) -> list[Content]:
    """One `Content` an item. Raises RerankError for what a reranker of that kind cannot read."""
    if isinstance(items, str | Image.Image | Page | Content):
        raise RerankError(
            f"{what}s are one {type(items).__name__}: pass a list, even if it holds one item"
        )
    return [content_of(item, reads, f"{what} {i}") for i, item in enumerate(items)]


def content_of(item: Candidate | Content, reads: Reads, what: str) -> Content:
    """The item as content; `what` names it in an error."""
    if isinstance(item, str):
        return Content(text=item)
    if isinstance(item, Page) and reads == "text":
        if not item.text.strip():
            raise RerankError(
                f"{what} is a page without a text layer, and this reranker reads text alone: "
                "leave it out, or take a reranker that reads pages"
            )
        return Content(text=item.text)
    if isinstance(item, Page):
        return Content(pictures=(item.image,))
    if isinstance(item, Image.Image):
        item = Content(pictures=(item,))
    if not isinstance(item, Content):
        raise RerankError(
            f"{what} is {type(item).__name__}: pass a str, an image of Pillow or a Page"
        )
    if item.pictures and reads == "text":
        raise RerankError(
            f"{what} holds a picture, and this reranker reads text alone: pass its text, or take "
            "a reranker that reads pages"
        )
    return item
