"""From a name or path to a reranker."""

import json
from dataclasses import replace
from pathlib import Path

from ..encode.guest import PREFIX, is_guest
from ..encode.source import Source, find_source
from ..errors import RerankError
from .family import FAMILIES, Family
from .protocol import Reranker

LEAST_TOKENS = 16


def load_reranker(
    name_or_path: str,
    *,
    device: str | None = None,
    revision: str | None = None,
    max_tokens: int | None = None,
    local_files_only: bool = False,
) -> Reranker:
    """The reranker in a folder, or on the Hugging Face hub under a name `owner/name`.

    Qwen3-Reranker reads text, Qwen3-VL-Reranker pictures of pages and text. With
    `sentence-transformers:` before the name or path it is any `CrossEncoder` of that package
    (text), an extra of quire. On CUDA if there is one, else on the CPU. `max_tokens` of query and
    candidate together stands in for the model's own limit: on a CPU 2,048 answer much sooner than
    the 8,192 that Qwen3-Reranker reads. Never runs code out of a checkpoint. Raises RerankError
    for a checkpoint that is none of these, EncodeError for one that cannot be found or whose files
    are damaged.
    """
    if max_tokens is not None and max_tokens < LEAST_TOKENS:
        raise RerankError(f"max_tokens={max_tokens} leave no room: give at least {LEAST_TOKENS}")
    if is_guest(name_or_path):
        from .cross_encoder import CrossEncoderReranker

        return CrossEncoderReranker.load(
            name_or_path,
            device=device,
            revision=revision,
            max_tokens=max_tokens,
            local_files_only=local_files_only,
        )
    import torch

    from .judge import Judge
    from .weights import load_weights

    source = find_source(name_or_path, revision, local_files_only=local_files_only)
    family = family_of(source.folder)
    family = replace(family, max_tokens=max_tokens or family.max_tokens)
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    return Judge(load_weights(source.folder, family, device))


def is_reranker(source: Source) -> bool:
    """Whether a checkpoint goes by the name of one: its files look as those of an encoder do."""
    return "reranker" in (source.name or source.folder.absolute().name).lower()


def family_of(folder: Path) -> Family:
    """The family of a checkpoint, by its config.json. Raises RerankError if there is none."""
    file = folder / "config.json"
    try:
        config = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise RerankError(f"{file} cannot be read ({error}): {folder} is no checkpoint") from error
    kind = config.get("model_type") if isinstance(config, dict) else None
    built = " ".join(config.get("architectures") or []) if isinstance(config, dict) else ""
    if "SequenceClassification" in built:
        raise RerankError(
            f"{folder} is a {built}, which sentence-transformers runs: say {PREFIX}{folder}"
        )
    if (folder / "1_Pooling").is_dir():
        raise RerankError(f"{folder} pools its rows to one vector: load it with Encoder.load")
    family = next((family for family in FAMILIES if family.backbone == kind), None)
    if family is None:
        known = ", ".join(f"{family.backbone} ({family.name})" for family in FAMILIES)
        raise RerankError(f"{folder} is of type {kind!r}; rerankers are of {known}")
    return family
