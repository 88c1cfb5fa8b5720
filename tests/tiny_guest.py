"""Tiny random models in the layouts of sentence-transformers."""

from pathlib import Path
from typing import Any

import torch
from tiny_reranker import tiny_tokenizer
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

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
