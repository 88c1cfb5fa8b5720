"""What loads and what does not, as tables: the registry, told to people."""

from collections.abc import Iterator

from ...errors import EncodeError
from ..family import Family
from .refused import refuse
from .registry import NAMES

# Family -> what its vectors are held against by the tests, on tiny random checkpoints in the
# published layout; the largest difference in float32 of a component is in the README.
_PROOFS = {
    "jina-embeddings-v4": "the publisher's model code, to 2e-06",
    "colqwen2": "colpali-engine 0.3.10 and 0.3.18, to 4e-06; `-hf`: transformers 4.57",
    "colqwen2.5": (
        "colpali-engine 0.3.10 and 0.3.18, to 4e-06; revisions since August 2026: "
        "sentence-transformers 6.2"
    ),
    "qwen3-embedding": "the publisher's recipe, to 3e-07",
    "qwen3-vl-embedding": "the publisher's script, to 4e-07",
    "bge-m3": "FlagEmbedding 1.4, to 7e-07",
}
# Models of a family that nobody held against their publisher's own code.
_UNPROVED = ("tsystems/", "nomic-ai/", "jina-embeddings-v4-vllm", "-merged")
# Numbers of a dense vector and of a row. Files of a checkpoint say the same, and decide.
_DIMS = {
    "jinaai/jina-embeddings-v4-vllm": "2048, 1024, 512, 256, 128 / none",
    "jinaai/jina-embeddings-v4": "2048, 1024, 512, 256, 128 / 128",
    "Qwen/Qwen3-Embedding-": "1024, 2560, 4096, cut down to 32 / none",
    "Qwen/Qwen3-VL-Embedding-": "2048, 4096, cut down to 32 / none",
    "BAAI/bge-m3": "1024 / 1024, and weights of words",
    "": "mean of the rows / 128",  # ColQwen
}
_REFUSED = (
    "tencent/EVIE-8B", "webAI-Official/webAI-ColVec1.1-8b", "vultr/VultronRetrieverPrime-8B",
    "athrael-soju/colqwen3.5-4.5B-v3", "nvidia/nemotron-colembed-vl-8b-v2",
    "nvidia/llama-nemotron-colembed-vl-3b-v2", "TomoroAI/tomoro-colqwen3-embed-8b",
    "OpenSearch-AI/Ops-Colqwen3-4B", "ModernVBERT/colmodernvbert", "vidore/colSmol-500M",
    "vidore/colpali-v1.3", "ibm-granite/granite-vision-3.3-2b-embedding",
    "jinaai/jina-embeddings-v5-text-small", "MrLight/dse-qwen2-2b-mrl-v1",
    "Alibaba-NLP/gme-Qwen2-VL-2B-Instruct", "vidore/colqwen2.5-base",
)  # fmt: skip


def families_table() -> str:
    """Two Markdown tables: models that load, and models that are refused with the reason."""
    loads = [
        "| model | family | dense / row | held against | licence |",
        "| --- | --- | --- | --- | --- |",
    ]
    for names, family in _together():
        dims = "; ".join(dict.fromkeys(map(_dims, names)))
        cells = (_joined(names), family.name, dims, _proof(names[0], family))
        loads.append(f"| {' | '.join(cells)} | {_licence(family)} |")
    refused = ["| refused | because |", "| --- | --- |"]
    for reason, names in _reasons().items():
        refused.append(f"| {_joined(names)} | {reason} |")
    return "\n".join([*loads, "", *refused])


def _together() -> Iterator[tuple[list[str], Family]]:
    """Models of one family that a line tells all of."""
    lines: dict[tuple[str, ...], tuple[list[str], Family]] = {}
    for name, family in NAMES.items():
        told = (family.name, _proof(name, family), _licence(family))
        lines.setdefault(told, ([], family))[0].append(name)
    yield from lines.values()


def _joined(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _dims(name: str) -> str:
    return next(dims for begin, dims in _DIMS.items() if name.startswith(begin))


def _proof(name: str, family: Family) -> str:
    if any(part in name for part in _UNPROVED):
        return f"nothing: taken for {family.name}, in whose layout it is"
    return _PROOFS[family.name]


def _licence(family: Family) -> str:
    return family.licence if family.commercial else f"{family.licence}: not for trade"


def _reasons() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in _REFUSED:
        try:
            refuse(name)
        except EncodeError as error:
            found.setdefault(str(error).partition(": ")[2], []).append(name)
    return found
