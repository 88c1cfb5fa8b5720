"""ColQwen2 and ColQwen2.5: rows of pages and queries, made for late interaction.

The strings are those of training. Later versions of colpali-engine drop "Query: " and
transformers 5 appends a newline; both lose quality. Source: colpali-engine 0.3.10.
"""

from dataclasses import replace

from quire.ingest.budget import PixelBudget

from ..family import Family

COLQWEN2 = Family(
    name="colqwen2",
    backbone="qwen2_vl",
    query="Query: {text}" + "<|endoftext|>" * 10,
    document="{text}",  # no text was in training; the engine hands passages over as they are
    page=(
        "<|im_start|>user\n<|vision_start|>{image}<|vision_end|>"
        "Describe the image.<|im_end|><|endoftext|>"
    ),
    image_token="<|image_pad|>",
    budget=PixelBudget(max_pixels=602_112, min_pixels=3_136, factor=28),
    files_budget=True,
    transparency="dropped",
    dims=(),
    rows=0,
    projector="custom_text_proj",
    pooling="",
    tasks=("retrieval",),
    max_text=32_768,
    cut="whole",
    text_rows="all",
    page_rows="all",
    drop_blank=False,
    learned_lengths=False,
    precision="bfloat16",
    commercial=True,
    licence="adapter MIT, base Apache-2.0",
)

COLQWEN2_5 = replace(
    COLQWEN2,
    name="colqwen2.5",
    backbone="qwen2_5_vl",
    commercial=False,
    licence="adapter MIT, base Qwen Research License",
)

# Qwen2.5-VL-7B is Apache-2.0, the 3B is not.
COLQWEN2_5_7B = replace(COLQWEN2_5, commercial=True, licence="Apache-2.0")
