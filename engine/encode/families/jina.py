"""jina-embeddings-v4: both kinds of vector, three tasks.

Source: modeling_jina_embeddings_v4.py of jinaai/jina-embeddings-v4 @ 4a58ca57.
"""

from dataclasses import replace

from quire.ingest.budget import PixelBudget

from ..family import Family

JINA_V4 = Family(
    name="jina-embeddings-v4",
    query="Query: {text}",
    document="Passage: {text}",
    # The published code takes this prefix from a property of the model, not from the task asked
    # for; meant is that both sides of a comparison are alike.
    strings={"similarity/document": "Query: {text}"},
    page=("<|im_start|>user\n<|vision_start|>{image}<|vision_end|>Describe the image.<|im_end|>\n"),
    picture="<|vision_start|>{image}<|vision_end|>",
    several="<|im_start|>user\n{pictures}<|im_end|>\n",
    image_token="<|image_pad|>",
    budget=PixelBudget(max_pixels=602_112, min_pixels=3_136, factor=28),
    files_budget=True,
    transparency="dropped",
    dims=(),
    rows=0,
    projector="multi_vector_projector",
    pooling="span",
    tasks=(),
    task_names={"retrieval": "retrieval", "similarity": "text-matching", "code": "code"},
    max_text=32_768,
    cut="whole",
    text_rows="all",
    page_rows="all",
    drop_blank=False,
    learned_lengths=False,
    precision="bfloat16",
    commercial=False,
    licence="CC BY-NC 4.0",
)


def _merged(task: str) -> Family:
    """The adapter of one task folded in by the publisher, without the head."""
    dims = (2048, 1024, 512, 256, 128)  # its config.json no longer tells
    return replace(JINA_V4, dims=dims, projector="", tasks=(task,), task_names={})


JINA_V4_MERGED = {
    "retrieval": _merged("retrieval"),
    "text-matching": _merged("similarity"),
    "code": _merged("code"),
}
