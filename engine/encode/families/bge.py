"""BGE-M3: a dense vector, weighed words and rows of a text in one pass.

Source: FlagEmbedding 1.4.2, `BGEM3FlagModel`.
"""

from quire.ingest.budget import PixelBudget

from ..family import Family

BGE_M3 = Family(
    name="bge-m3",
    backbone="xlm-roberta",
    attention="bidirectional",
    query="<s>{text}</s>",
    document="<s>{text}</s>",
    closed_by_tokenizer=True,
    page="",
    image_token="",
    budget=PixelBudget(max_pixels=602_112, min_pixels=3_136, factor=28),
    dims=(),
    rows=0,
    projector="colbert_linear",
    sparse="sparse_linear",
    pooling="first",
    score="mean",
    tasks=("retrieval",),
    max_text=8_192,
    cut="whole",
    text_rows="after-first",
    page_rows="all",
    drop_blank=False,
    learned_lengths=False,
    precision="bfloat16",
    commercial=True,
    licence="MIT",
)
