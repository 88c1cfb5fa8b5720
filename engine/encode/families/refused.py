"""Models that are known and refused, each with the reason."""

import re

from ...errors import EncodeError

_QWEN3_5 = "it stands on Qwen3.5, whose backbone quire does not load"
_REMOTE = "its prompts and its forward pass are code in its repository, which quire never runs"
_OTHER = "its backbone is none that quire loads"
_UNKNOWN = "what it was trained with (prompts, pooling) is published nowhere but in its own code"

# Searched in "owner/name", lower case; the first that fits is the reason.
REASONS: tuple[tuple[str, str], ...] = (
    (
        r"reranker",
        "it is a reranker and makes no vectors; pass it to a search as its reranker instead",
    ),
    (
        r"colqwen2(\.5)?-base$",
        "it is the untrained base; load the adapter that stands on it, for example "
        "'vidore/colqwen2.5-v0.2' or 'vidore/colqwen2-v1.0'",
    ),
    (r"^tencent/evie|/evie-", _QWEN3_5 + ", here with bidirectional attention in code of its own"),
    (r"colvec1", _QWEN3_5 + ", and its licence is the publisher's own"),
    (r"vultronretriever", _QWEN3_5),
    (r"colqwen3\.5|argus-colqwen3|wemm-embedding|pplx-embed-v2-late", _QWEN3_5),
    (r"llama-nemotron|omni-embed-nemotron|nemotron-3\.5-embed", _OTHER),
    (r"nemotron-colembed-vl", _REMOTE + ", and its causal mask is replaced there"),
    (r"tomoro-colqwen3|ops-colqwen3|colqwen3", _REMOTE),
    (r"evoqwen2\.5-vl", _UNKNOWN),
    (r"colmodernvbert|colsmol|colidefics", "its pages are cut into tiles, which quire does not do"),
    (r"colpali|colgemma|collfm2|colministral|colqwen-omni|colturk", _OTHER),
    (r"granite-vision.*embedding|nanovdr|lco-|e5-omni|rzenembed|moca|unite", _OTHER),
    (r"jina-embeddings-v5", "its backbone and adapters are laid out as no loader of quire expects"),
    (
        r"dse-qwen2|gme-qwen2|eager-embed|/nomic-embed-multimodal|bge-vl|ops-mm|vlm2vec",
        _UNKNOWN,
    ),
)


def refuse(name: str) -> None:
    """`EncodeError` with the reason, if `name` is that of a model that is known not to work."""
    for pattern, reason in REASONS:
        if re.search(pattern, name.lower()):
            raise EncodeError(f"{name} cannot be loaded as an encoder: {reason}")
