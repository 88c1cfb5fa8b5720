"""Tiny random models in the layouts of sentence-transformers."""

from pathlib import Path
from typing import Any

import torch
from tiny_reranker import tiny_tokenizer
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    PreTrainedTokenizerFast,
)

BERT: dict[str, Any] = {
    "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2,
    "max_position_embeddings": 128,
}  # fmt: skip


def _tokenizer() -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(
        tokenizer_object=tiny_tokenizer(),
        pad_token="<|endoftext|>",
        sep_token="<|im_end|>",
        cls_token="<|im_start|>",
        model_max_length=128,
    )


def write_tiny_cross_encoder(folder: Path, labels: int = 1) -> Path:
    torch.manual_seed(0)
    size = tiny_tokenizer().get_vocab_size()
    config = BertConfig(**BERT, vocab_size=size, num_labels=labels, initializer_range=0.2)
    BertForSequenceClassification(config).save_pretrained(folder)
    _tokenizer().save_pretrained(folder)
    return folder


def _transformer(folder: Path) -> Any:
    """The module of sentence-transformers that holds a tiny BERT."""
    from sentence_transformers.base.modules import Transformer

    torch.manual_seed(0)
    size = tiny_tokenizer().get_vocab_size()
    bert = BertModel(BertConfig(**BERT, vocab_size=size, initializer_range=0.2))
    bert.save_pretrained(folder / "bert")
    _tokenizer().save_pretrained(folder / "bert")
    return Transformer(str(folder / "bert"))


def write_tiny_dense(folder: Path, similarity: str = "cosine") -> Path:
    """A `SentenceTransformer`: the mean of the rows, with prompts for both roles."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    model = SentenceTransformer(
        modules=[_transformer(folder), Pooling(32, "mean")],
        device="cpu",
        prompts={"query": "query: ", "document": "passage: "},
        similarity_fn_name=similarity,
    )
    model.save(str(folder / "model"), create_model_card=False)
    return folder / "model"


def write_tiny_colbert(folder: Path) -> Path:
    """A `MultiVectorEncoder`: a row of 16 for each token."""
    from sentence_transformers import MultiVectorEncoder
    from sentence_transformers.base.modules import Dense, Normalize
    from sentence_transformers.multi_vector_encoder.modules import MultiVectorMask

    rows = "token_embeddings"
    torch.manual_seed(1)
    head = Dense(
        32,
        16,
        bias=False,
        activation_function=torch.nn.Identity(),
        module_input_name=rows,
        module_output_name=rows,
    )
    model = MultiVectorEncoder(
        modules=[_transformer(folder), head, MultiVectorMask(), Normalize(module_input_name=rows)],
        device="cpu",
        prompts={"query": "[Q] ", "document": "[D] "},
    )
    model.save(str(folder / "model"), create_model_card=False)
    return folder / "model"
