"""Judging models of a few thousand weights, random but for their seed, as published folders lie."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModel, Qwen3Config, Qwen3VLConfig

SPECIAL = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>",
    "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip
TEXT = {
    "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 1, "head_dim": 16, "max_position_embeddings": 4096,
}  # fmt: skip
VISION = {
    "depth": 2, "hidden_size": 16, "intermediate_size": 24, "num_heads": 2, "out_hidden_size": 32,
    "patch_size": 16, "num_position_embeddings": 36, "deepstack_visual_indexes": [0, 1],
}  # fmt: skip
PICTURE = {
    "image_processor_type": "Qwen2VLImageProcessor", "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5], "patch_size": 16, "merge_size": 2, "temporal_patch_size": 2,
    "size": {"shortest_edge": 4096, "longest_edge": 1843200},
}  # fmt: skip


@cache
def tiny_tokenizer() -> Tokenizer:
    """Bytes, the commonest pairs, and the special tokens behind them; `yes` and `no` are whole."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet, show_progress=False)
    words = "yes\nno\nthe quick brown fox jumps over the lazy dog, an answer to a query\n"
    tokenizer.train_from_iterator((words * 20).splitlines(), trainer)
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.add_tokens([AddedToken(t, normalized=False) for t in ("<think>", "</think>")])
    return tokenizer


def write_tiny_reranker(folder: Path, *, tied: bool = True, shards: int = 1) -> Path:
    """In the layout of Qwen3-Reranker; untied as the 8B is."""
    size = tiny_tokenizer().get_vocab_size()
    config = Qwen3Config(**TEXT, vocab_size=size, tie_word_embeddings=tied)
    return _write(folder, config, {} if tied else {"lm_head.weight": (size, 32)}, shards)


def write_tiny_page_reranker(folder: Path) -> Path:
    """In the layout of Qwen3-VL-Reranker."""
    tokenizer = tiny_tokenizer()
    rope = {"rope_type": "default", "rope_theta": 5e6, "mrope_section": [4, 2, 2]}
    text = {**TEXT, "vocab_size": tokenizer.get_vocab_size(), "rope_parameters": rope}
    config = Qwen3VLConfig(
        text_config=text,
        vision_config=VISION,
        tie_word_embeddings=True,
        image_token_id=tokenizer.token_to_id("<|image_pad|>"),
        video_token_id=tokenizer.token_to_id("<|video_pad|>"),
        vision_start_token_id=tokenizer.token_to_id("<|vision_start|>"),
        vision_end_token_id=tokenizer.token_to_id("<|vision_end|>"),
    )
    (folder / "preprocessor_config.json").write_text(json.dumps(PICTURE))
    return _write(folder, config, {}, 1)


def _write(folder: Path, config: Any, more: dict[str, tuple[int, int]], shards: int) -> Path:
    torch.manual_seed(0)
    model = AutoModel.from_config(config)
    tensors = {f"model.{name}": t.detach().clone() for name, t in model.state_dict().items()}
    tensors |= {name: torch.empty(shape) for name, shape in more.items()}
    for name, tensor in tensors.items():
        torch.nn.init.normal_(tensor, 1.0 if "norm" in name else 0.0, 0.2)
    config.architectures = [
        {"qwen3": "Qwen3ForCausalLM"}.get(config.model_type, "Qwen3VLForConditionalGeneration")
    ]
    config.save_pretrained(folder)
    tiny_tokenizer().save(str(folder / "tokenizer.json"))
    if shards == 1:
        save_file(tensors, folder / "model.safetensors")
        return folder
    names, where = sorted(tensors), {}
    for i in range(shards):
        file = f"model-{i + 1:05}-of-{shards:05}.safetensors"
        save_file({name: tensors[name] for name in names[i::shards]}, folder / file)
        where |= dict.fromkeys(names[i::shards], file)
    index = {"metadata": {}, "weight_map": where}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder
