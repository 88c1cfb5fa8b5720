"""What a checkpoint needs to run right, as one value."""

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any

from quire.ingest.budget import PixelBudget


def _loading(default: Any) -> Any:
    """A field that says how to read the files and changes no vector."""
    return field(default_factory=lambda: default, metadata={"loading": True})


@dataclass(frozen=True, kw_only=True)
class Family:
    """Everything about a kind of checkpoint that changes its vectors.

    Strings: `query` and `document` hold `{text}`; `page` holds `{image}`, which becomes as many
    image tokens as the picture has cells; all may hold `{instruction}`. Special tokens in them are
    recognised, those in a user's text never are. Values of the fields are tied to no model's size:
    `dims` and `rows` of a published family are read from its files.
    """

    name: str
    query: str
    document: str
    page: str
    image_token: str  # "": reads text alone
    budget: PixelBudget
    dims: tuple[int, ...]  # of the dense vector, largest first: those it was trained at
    rows: int  # dimensions of a row
    projector: str  # name of the head's tensors; "": the dense vector is the only row
    tasks: tuple[str, ...]  # those that work without an adapter file
    max_text: int  # tokens; longer text is cut
    text_rows: str  # "text": the user's own tokens; "all": template too; "after-first"
    page_rows: str  # "image": cells only; "all"
    drop_blank: bool  # rows of cells that are of one colour are left out
    learned_lengths: bool  # query rows are scaled by a learned length a token
    commercial: bool

    # What follows was learned of later models. At these defaults, which are those of quire-mini,
    # a field is left out of `describe`, so a new one changes no fingerprint that there was.
    backbone: str = "qwen2_5_vl"  # model_type of the native class
    attention: str = "causal"  # or "bidirectional"
    precision: str = "float32"  # as loaded; in the registry, what it is meant to run in on CUDA
    # Which hidden states the dense vector is the mean of. "rows": those that give rows; "span":
    # all of a text, from <|vision_start|> to <|vision_end|> of a page; "last"; "first";
    # "": it has none, so the mean of the rows stands in.
    pooling: str = "rows"
    dims_from: int = 0  # if not 0, dense vectors can be cut to any length from this up
    sparse: str = ""  # name of the head that weighs words; "": none
    score: str = "sum"  # over the rows of a query: "sum" or "mean" of the best products
    # Strings of a task that differ: "similarity/document" -> template.
    strings: Mapping[str, str] = field(default_factory=dict)
    # Tasks whose texts have one row more, for the whole: the projection of the dense vector, its
    # halves exchanged, so that it is like no row of a token, and the best row for the whole of a
    # question is that for the whole of a text. The value says how much it counts in a question, in
    # relation to all its other rows together.
    whole: Mapping[str, float] = field(default_factory=dict)
    # Tasks whose dense vector is a weighted mean: each state of a text counts as much as its token
    # is long in a question (`learned_lengths`), to the power of the value.
    telling: Mapping[str, float] = field(default_factory=dict)
    instruction: str = ""  # taken where the caller gives none
    instruction_stop: bool = False  # it is stripped, and ends in punctuation or gets a full stop
    empty: str = ""  # stands for an empty text
    picture: str = ""  # one picture among several, with {image}
    several: str = ""  # an item of several parts, with {pictures} and perhaps {text}; "": refused
    cut: str = "text"  # `max_text` holds for: "text", the user's own; "whole", all; "end", dito,
    #   but what is cut is the end of all, template included
    transparency: str = "white"  # what shines through, or "dropped": alpha is ignored
    short_side: str = "grown"  # below half a factor; or "raised": to one factor first

    # Of loading and of making a library alone, and so not in `describe`.
    files_budget: bool = _loading(False)  # the checkpoint's own limits of pixels are taken
    task_names: Mapping[str, str] = _loading({})  # task -> its name in the files
    closed_by_tokenizer: bool = _loading(False)  # its own template must equal `document`
    licence: str = _loading("")
    # Rows of a page that a library keeps if nothing else is asked for; 0: all. store/pooling.py
    most_rows: int = _loading(0)

    def describe(self) -> dict[str, Any]:
        """As JSON values: goes into the fingerprint and the manifest."""
        values = asdict(self)
        told = [f for f in fields(self) if not f.metadata.get("loading")]
        return {f.name: values[f.name] for f in told if values[f.name] != _default(f)}

    @classmethod
    def from_description(cls, values: dict[str, Any]) -> "Family":
        """The family that `describe` described."""
        known = {f.name for f in fields(cls)}
        kept: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in values.items() if k in known
        }
        kept["budget"] = PixelBudget(**values["budget"])
        return cls(**kept)

    def template(self, role: str, task: str) -> str:
        """The string for a text in a role ("query", "document") and a task."""
        own: str = self.query if role == "query" else self.document
        return self.strings.get(f"{task}/{role}", own)


def _default(of: Any) -> Any:
    return of.default if of.default_factory is MISSING else of.default_factory()
