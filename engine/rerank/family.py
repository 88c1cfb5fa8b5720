"""What a published reranker needs to run right, as one value."""

from dataclasses import asdict, dataclass
from typing import Any

from quire.ingest.budget import PixelBudget

from .protocol import Reads

_SYSTEM = (
    "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and "
    'the Instruct provided. Note that the answer can only be "yes" or "no".<|im_end|>\n'
    "<|im_start|>user\n"
)


@dataclass(frozen=True, kw_only=True)
class Family:
    """A language model that is asked whether a document answers a query: "yes" or "no".

    A prompt is `opening`, `instruct` and the instruction, `query` and the query, `document` and
    the candidate, `closing`. Special tokens in these strings are recognised, those in what is
    judged never are.
    """

    name: str
    backbone: str  # model_type of config.json
    reads: Reads
    instruction: str  # taken when the caller gives none
    opening: str
    instruct: str
    query: str
    document: str
    closing: str
    empty: str  # stands for a query or candidate without anything in it
    max_tokens: int
    # How what is longer is cut. "body": what stands between opening and closing loses its end, and
    # the whole has `max_tokens`. "words": of all but the last five tokens, the special ones stay
    # and the first others fill up `max_tokens`; the last five follow.
    cut: str
    budget: PixelBudget | None = None  # of pictures
    licence: str = "Apache-2.0"  # of all published checkpoints

    def describe(self) -> dict[str, Any]:
        """Everything that changes a score, as JSON values: goes into the fingerprint."""
        return {name: value for name, value in asdict(self).items() if name != "licence"}


# Source: README of QwenLM/Qwen3-Embedding @ f4ad0c4.
QWEN3 = Family(
    name="qwen3-reranker",
    backbone="qwen3",
    reads="text",
    instruction="Given a web search query, retrieve relevant passages that answer the query",
    opening=_SYSTEM,
    instruct="<Instruct>: ",
    query="\n<Query>: ",
    document="\n<Document>: ",
    closing="<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n",
    empty="",
    max_tokens=8192,
    cut="body",
)

# Source: src/models/qwen3_vl_reranker.py of QwenLM/Qwen3-VL-Embedding @ 8ce3aab.
QWEN3_VL = Family(
    name="qwen3-vl-reranker",
    backbone="qwen3_vl",
    reads="pages",
    instruction="Given a search query, retrieve relevant candidates that answer the query.",
    opening=_SYSTEM,
    instruct="<Instruct>: ",
    query="<Query>:",
    document="\n<Document>:",
    closing="<|im_end|>\n<|im_start|>assistant\n",
    empty="NULL",
    max_tokens=10240,
    cut="words",
    budget=PixelBudget(max_pixels=1800 * 32 * 32, min_pixels=4 * 32 * 32, factor=32),
)

FAMILIES = (QWEN3, QWEN3_VL)
