"""How many parameters published models have: heads and adapters too, what generates text not.

jina-embeddings-v4: as mteb lists it. ColQwen2.5: its backbone, a head of 128, and LoRA of rank 32
on seven layers a block and on the head. Qwen3: as the hub counts their files. All agree with what
the native classes have at the published sizes.
"""

from pathlib import Path

from ..source import Source

PARAMETERS: dict[str, int] = {
    "jinaai/jina-embeddings-v4": 3_934_695_552,
    "vidore/colqwen2.5-v0.2": 3_814_822_016,
    "Qwen/Qwen3-Embedding-0.6B": 595_776_512,
    "Qwen/Qwen3-Embedding-4B": 4_021_774_336,
    "Qwen/Qwen3-Embedding-8B": 7_567_295_488,
    "Qwen/Qwen3-Reranker-0.6B": 595_776_512,
    "Qwen/Qwen3-VL-Embedding-2B": 2_127_532_032,
    "Qwen/Qwen3-VL-Embedding-8B": 8_144_793_840,
}


def known_parameters(source: Source) -> int | None:
    """Of the model of that name on the hub, or whose name the folder bears; else None."""
    if source.name is not None:
        return PARAMETERS.get(source.name)
    folders = {name.split("/")[1].lower(): count for name, count in PARAMETERS.items()}
    return folders.get(Path(source.folder).absolute().name.lower())
