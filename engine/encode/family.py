"""What a checkpoint needs to run right, as one value."""

from dataclasses import asdict, dataclass, fields
from typing import Any

from quire.ingest.budget import PixelBudget


@dataclass(frozen=True, kw_only=True)
class Family:
    """Everything about a kind of checkpoint that changes its vectors.

    Strings: `query` and `document` hold `{text}`; `page` holds `{image}`, which becomes as many
    image tokens as the picture has cells. Special tokens in them are recognised, those in a
    user's text never are.
    """

    name: str
    query: str
    document: str
    page: str
    image_token: str
    budget: PixelBudget
    dims: tuple[int, ...]  # of the dense vector, largest first: those it was trained at
    rows: int  # dimensions of a row
    projector: str  # name of the head's tensors in the checkpoint
    tasks: tuple[str, ...]  # those that work without an adapter file
    max_text: int  # tokens; longer text is cut
    text_rows: str = "text"  # "text": the user's own tokens; "all": template and specials too
    page_rows: str = "image"  # "image": cells only; "all"
    drop_blank: bool = False  # rows of cells that are of one colour are left out
    learned_lengths: bool = False  # query rows are scaled by a learned length a token
    commercial: bool = True

    def describe(self) -> dict[str, Any]:
        """As JSON values: goes into the fingerprint and the manifest."""
        return asdict(self)

    @classmethod
    def from_description(cls, values: dict[str, Any]) -> "Family":
        """The family that `describe` described."""
        known = {field.name for field in fields(cls)}
        kept: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in values.items() if k in known
        }
        kept["budget"] = PixelBudget(**values["budget"])
        return cls(**kept)
