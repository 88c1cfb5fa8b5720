"""Qwen3-Embedding (text) and Qwen3-VL-Embedding (text, pictures and both): dense vectors.

Sources: README of QwenLM/Qwen3-Embedding @ f4ad0c4; src/models/qwen3_vl_embedding.py of
QwenLM/Qwen3-VL-Embedding @ 8ce3aab.
"""

from quire.ingest.budget import PixelBudget

from ..family import Family

QWEN3_EMBEDDING = Family(
    name="qwen3-embedding",
    backbone="qwen3",
    query="Instruct: {instruction}\nQuery:{text}<|endoftext|>",  # pooled at the last token, which
    document="{text}<|endoftext|>",  # is not the eos token of the configuration
    closed_by_tokenizer=True,
    instruction="Given a web search query, retrieve relevant passages that answer the query",
    page="",
    image_token="",
    budget=PixelBudget(max_pixels=602_112, min_pixels=3_136, factor=28),
    dims=(),
    dims_from=32,
    rows=0,
    projector="",
    pooling="last",
    tasks=("retrieval",),
    max_text=32_768,
    cut="whole",
    text_rows="all",
    page_rows="all",
    drop_blank=False,
    learned_lengths=False,
    precision="bfloat16",
    commercial=True,
    licence="Apache-2.0",
)

_BEFORE = "<|im_start|>system\n{instruction}<|im_end|>\n<|im_start|>user\n"
_AFTER = "<|im_end|>\n<|im_start|>assistant\n"
_PICTURE = "<|vision_start|>{image}<|vision_end|>"

QWEN3_VL_EMBEDDING = Family(
    name="qwen3-vl-embedding",
    backbone="qwen3_vl",
    query=_BEFORE + "{text}" + _AFTER,
    document=_BEFORE + "{text}" + _AFTER,
    page=_BEFORE + _PICTURE + _AFTER,
    picture=_PICTURE,
    several=_BEFORE + "{pictures}{text}" + _AFTER,
    instruction="Represent the user's input.",
    instruction_stop=True,
    empty="NULL",
    image_token="<|image_pad|>",
    budget=PixelBudget(max_pixels=1800 * 32 * 32, min_pixels=4 * 32 * 32, factor=32),
    short_side="raised",
    dims=(),
    dims_from=32,
    rows=0,
    projector="",
    pooling="last",
    tasks=("retrieval",),
    max_text=8_192,
    cut="end",
    text_rows="all",
    page_rows="all",
    drop_blank=False,
    learned_lengths=False,
    precision="bfloat16",
    commercial=True,
    licence="Apache-2.0",
)
