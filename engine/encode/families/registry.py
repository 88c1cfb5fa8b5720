"""Which family a checkpoint is of: by its name, else by what its own files say."""

import json
import logging
from pathlib import Path
from typing import Any

from ...errors import EncodeError
from ..family import Family
from ..source import Source
from .bge import BGE_M3
from .colqwen import COLQWEN2, COLQWEN2_5, COLQWEN2_5_7B
from .jina import JINA_V4, JINA_V4_MERGED
from .qwen3 import QWEN3_EMBEDDING, QWEN3_VL_EMBEDDING
from .refused import refuse

log = logging.getLogger(__name__)
FAMILY_FILE = "quire.json"
ADAPTER_FILE = "adapter_config.json"

NAMES: dict[str, Family] = {
    "jinaai/jina-embeddings-v4": JINA_V4,
    **{f"jinaai/jina-embeddings-v4-vllm-{task}": f for task, f in JINA_V4_MERGED.items()},
    "vidore/colqwen2-v0.1": COLQWEN2,
    "vidore/colqwen2-v1.0": COLQWEN2,
    "vidore/colqwen2-v1.0-hf": COLQWEN2,
    "vidore/colqwen2-v1.0-merged": COLQWEN2,
    "vidore/colqwen2.5-v0.1": COLQWEN2_5,
    "vidore/colqwen2.5-v0.2": COLQWEN2_5,
    # Written by colpali-engine as ColQwen2.5; not one of them was compared with its publisher's.
    "tsystems/colqwen2.5-3b-multilingual": COLQWEN2_5,
    "tsystems/colqwen2.5-3b-multilingual-v1.0": COLQWEN2_5,
    "nomic-ai/colnomic-embed-multimodal-3b": COLQWEN2_5,
    "nomic-ai/colnomic-embed-multimodal-7b": COLQWEN2_5_7B,
    "Qwen/Qwen3-Embedding-0.6B": QWEN3_EMBEDDING,
    "Qwen/Qwen3-Embedding-4B": QWEN3_EMBEDDING,
    "Qwen/Qwen3-Embedding-8B": QWEN3_EMBEDDING,
    "Qwen/Qwen3-VL-Embedding-2B": QWEN3_VL_EMBEDDING,
    "Qwen/Qwen3-VL-Embedding-8B": QWEN3_VL_EMBEDDING,
    "BAAI/bge-m3": BGE_M3,
}
FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (JINA_V4, COLQWEN2, COLQWEN2_5, QWEN3_EMBEDDING, QWEN3_VL_EMBEDDING, BGE_M3)
}

_BASES = {"colqwen2-base": COLQWEN2, "colqwen2.5-base": COLQWEN2_5}
_ARCHITECTURES = {
    "JinaEmbeddingsV4Model": JINA_V4,
    "ColQwen2": COLQWEN2,
    "ColQwen2_5": COLQWEN2_5,
    "Qwen3Model": QWEN3_EMBEDDING,
    "Qwen3ForCausalLM": QWEN3_EMBEDDING,
    "Qwen3VLForConditionalGeneration": QWEN3_VL_EMBEDDING,
    "Qwen3VLModel": QWEN3_VL_EMBEDDING,
}


def family_of(source: Source, wanted: str | None = None) -> Family:
    """The family of a checkpoint, its sizes still open.

    In this order: `wanted` (a name of `FAMILIES`), the name on the hub, `quire.json`, the name of
    the folder, the base that an adapter names, the architecture in `config.json`. Raises
    `EncodeError` for a model that is refused or that nothing is known of.
    """
    folder = source.folder
    if wanted is not None:
        if wanted not in FAMILIES:
            raise EncodeError(f"family={wanted!r}: choose one of {', '.join(sorted(FAMILIES))}")
        return FAMILIES[wanted]
    if source.name is not None and source.name in NAMES:
        return NAMES[source.name]
    if (folder / FAMILY_FILE).is_file():
        return Family.from_description(read_json(folder / FAMILY_FILE))
    named = source.name or folder.absolute().name
    refuse(named)
    by_folder = {name.split("/")[1].lower(): family for name, family in NAMES.items()}
    if found := by_folder.get(named.split("/")[-1].lower()):
        return found
    if (folder / ADAPTER_FILE).is_file():
        base = str(read_json(folder / ADAPTER_FILE).get("base_model_name_or_path"))
        if found := _BASES.get(base.rstrip("/").split("/")[-1].lower()):
            return found
        raise EncodeError(
            f"{named} is an adapter on {base!r}, and quire does not know what that pair is; "
            f"if it is one of {', '.join(sorted(FAMILIES))}, pass family="
        )
    if found := _by_architecture(folder):
        return found
    raise EncodeError(
        f"{folder} is no checkpoint that quire knows: it holds no {FAMILY_FILE} and its "
        "config.json names no known architecture; if it is one of "
        f"{', '.join(sorted(FAMILIES))}, pass family="
    )


def _by_architecture(folder: Path) -> Family | None:
    if not (folder / "config.json").is_file():
        return None
    config = read_json(folder / "config.json")
    architecture = next(iter(config.get("architectures") or []), "")
    if config.get("model_type") == "xlm-roberta":
        heads = any((folder / f"{BGE_M3.sparse}{end}").is_file() for end in (".pt", ".safetensors"))
        return BGE_M3 if heads else None
    if architecture == "ColQwen2ForRetrieval":
        newer = config.get("vlm_config", {}).get("model_type") == COLQWEN2_5.backbone
        return COLQWEN2_5 if newer else COLQWEN2
    found = _ARCHITECTURES.get(architecture)
    if found in (QWEN3_EMBEDDING, QWEN3_VL_EMBEDDING) and not (folder / "1_Pooling").is_dir():
        log.warning(
            "%s is taken for %s: its files do not tell it from a chat model or reranker of the "
            "same architecture; pass family= to say so",
            folder,
            found.name,
        )
    return found


def read_json(file: Path) -> dict[str, Any]:
    """A JSON object from a file; `EncodeError` if it is missing or none."""
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise EncodeError(f"{file} is missing: fetch the checkpoint again") from None
    except ValueError as error:
        raise EncodeError(f"{file} is no JSON ({error}): fetch it again") from error
    if not isinstance(values, dict):
        raise EncodeError(f"{file} holds no JSON object: fetch it again")
    return values
