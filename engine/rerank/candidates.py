"""What is judged: text, pictures, or both, out of whatever a caller hands in."""

from collections.abc import Sequence

from PIL import Image

from quire.ingest.page import Page

from ..encode.protocol import Parts
from ..errors import RerankError
from .protocol import Candidate, Reads


def read(items: Sequence[Candidate | Parts], reads: Reads) -> list[Parts]:
    """One `Parts` a candidate. Raises RerankError for what a reranker of that kind cannot read."""
    if isinstance(items, str | Image.Image | Page | Parts):
        raise RerankError(
            f"candidates are one {type(items).__name__}: pass a list, even if it holds one item"
        )
    return [parts_of(item, reads, f"candidate {i}") for i, item in enumerate(items)]


def parts_of(item: Candidate | Parts, reads: Reads, what: str) -> Parts:
    """The item as pictures and texts; `what` names it in an error."""
    if isinstance(item, Page) and reads == "text":
        if not item.text.strip():
            raise RerankError(
                f"{what} is a page without a text layer, and this reranker reads text alone: "
                "leave it out, or take a reranker that reads pages"
            )
        return Parts(texts=(item.text,))
    if isinstance(item, str):
        item = Parts(texts=(item,))
    elif isinstance(item, Page):
        item = Parts(pictures=(item.image,))
    elif isinstance(item, Image.Image):
        item = Parts(pictures=(item,))
    if not isinstance(item, Parts):
        raise RerankError(
            f"{what} is {type(item).__name__}: pass a str, an image of Pillow or a Page"
        )
    if item.pictures and reads == "text":
        raise RerankError(
            f"{what} holds a picture, and this reranker reads text alone: pass its text, or take "
            "a reranker that reads pages"
        )
    return item
