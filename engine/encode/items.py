"""What a caller hands in, as sequences of tokens."""

from collections.abc import Sequence as Many
from typing import Any

from PIL import Image

from quire.ingest import Page

from ..errors import EncodeError
from .checkpoint import Checkpoint
from .images import see_picture
from .prompt import readable
from .protocol import Parts
from .sequence import Sequence, page_sequence, text_sequence

Item = str | Image.Image | Page | Parts


def check_items(items: Many[Any], checkpoint: Checkpoint) -> None:
    """`EncodeError` for what is no document, or none that this model can read."""
    family = checkpoint.family
    for item in items:
        if not isinstance(item, (str, Image.Image, Page, Parts)):
            raise EncodeError(
                f"a document is text, a PIL picture, a Page or Parts, not {type(item).__name__}"
            )
        pictures = isinstance(item, Image.Image) or (isinstance(item, Parts) and item.pictures)
        if pictures and not family.image_token:
            raise EncodeError(
                f"{family.name} reads text alone, and was given a picture: pass the text of it, "
                "or take a model that sees pages"
            )
        if isinstance(item, Parts):
            _check_parts(item, checkpoint)


def length_of(item: Item, checkpoint: Checkpoint) -> int:
    """About how many tokens an item will have, before it is prepared.

    Texts are counted, for what a batch costs goes by its longest; they are cut into pieces again
    when their turn comes, which is cheaper than to keep the pieces of all of them.
    """
    budget = checkpoint.family.budget
    total = 8
    for text in _texts(item, checkpoint):
        ids = checkpoint.tokenizer.encode(readable(text), add_special_tokens=False).ids
        total += len(ids)
    for picture in _pictures(item, checkpoint):
        total += min(picture.width * picture.height, budget.max_pixels) // budget.factor**2
    return min(total, checkpoint.family.max_text + 8) if isinstance(item, str) else total


def sequence_of(
    item: Item, checkpoint: Checkpoint, role: str, task: str, instruction: str | None
) -> Sequence:
    """The item in the template of its role and task."""
    family, tokenizer, look = checkpoint.family, checkpoint.tokenizer, checkpoint.look
    text = "".join(_texts(item, checkpoint))
    pictures = _pictures(item, checkpoint)
    if not pictures:
        template = family.template(role, task)
        whole = family.whole.get(task, 0.0)
        return text_sequence(tokenizer, family, template, text, instruction, whole)
    seen = [see_picture(picture, family, look.mean, look.std) for picture in pictures]
    return page_sequence(tokenizer, family, seen, text, instruction)


def check_instruction(checkpoint: Checkpoint, role: str, instruction: str | None) -> None:
    """`EncodeError` where the model has no place for an instruction."""
    family = checkpoint.family
    template = family.query if role == "query" else family.document
    if instruction is not None and "{instruction}" not in template:
        raise EncodeError(
            f"instruction={instruction!r}: {family.name} takes none with a {role}; leave it out"
        )


def _pictures(item: Item, checkpoint: Checkpoint) -> list[Image.Image]:
    if isinstance(item, Image.Image):
        return [item]
    if isinstance(item, Page):
        return [item.image] if checkpoint.family.image_token else []
    return list(item.pictures) if isinstance(item, Parts) else []


def _texts(item: Item, checkpoint: Checkpoint) -> list[str]:
    if isinstance(item, Page):  # a model that reads text alone reads the page's text layer
        return [] if checkpoint.family.image_token else [item.text]
    if isinstance(item, Parts):
        return list(item.texts)
    return [item] if isinstance(item, str) else []


def _check_parts(item: Parts, checkpoint: Checkpoint) -> None:
    family = checkpoint.family
    together = len(item.pictures) > 1 or (item.pictures and item.texts)
    if together and not family.several:
        raise EncodeError(f"{family.name} reads one picture or one text at a time: pass them apart")
    if item.pictures and item.texts and "{text}" not in family.several:
        raise EncodeError(f"{family.name} has no place for text beside pictures: pass them apart")
