"""Does quire give what colpali-engine gives? `python tests/peer_colpali.py PYTHON`

PYTHON is that of an environment of its own with colpali-engine 0.3.18, which pins versions that
quire does not share. torchvision is not needed:

    python -m venv peer
    peer/bin/pip install "torch==2.13.0" "transformers==5.24.0" "peft<0.21" scipy requests pillow
    peer/bin/pip install --no-deps "colpali-engine==0.3.18"

Both load the same tiny random ColQwen2 and ColQwen2.5 (base and adapter), encode the same queries
and pictures, and score them. Prints the largest differences; exit code 1 if one is above the limit.
tests/test_peer_colpali.py runs it where QUIRE_COLPALI_PYTHON names such an interpreter.

On 25 November 2026, quire with transformers 5.24.0 and colpali-engine 0.3.18 with the same, both
with torch 2.13.0 on a CPU: colqwen2 rows differ by at most 3.5e-06 and MaxSim by 5.7e-06,
colqwen2.5 rows by 3.7e-06 and MaxSim by 1.1e-05.

colpali-engine is handed the strings of training: since 0.3.13 it drops "Query: " by itself.
"""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from PIL import Image

ROWS, SCORES = 2e-5, 1e-4
QUERIES = ["the quick brown fox", "dog", "What does the lazy dog jump over? The fox, 12.4 %"]
SIZES = [(84, 112), (140, 56), (168, 168), (131, 205)]  # width, height; the last is resized
CLASSES = {"2": ("ColQwen2", "ColQwen2Processor"), "2.5": ("ColQwen2_5", "ColQwen2_5_Processor")}


def pictures() -> list[Image.Image]:
    rng = np.random.default_rng(0)
    return [Image.fromarray(rng.integers(0, 256, (h, w, 3), dtype=np.uint8)) for w, h in SIZES]


def compare(peer: str) -> int:
    """Run both on every kind of checkpoint; how many figures are above their limit."""
    from tiny_published import write_colqwen

    from quire.engine import Encoder

    above = 0
    for kind in CLASSES:
        with TemporaryDirectory() as folder:
            adapter = write_colqwen(Path(folder), kind=kind)
            encoder = Encoder.load(str(adapter), device="cpu")
            ours = [*encoder.encode_query(QUERIES), *encoder.encode_document(pictures())]
            settings = adapter / "adapter_config.json"
            told = json.loads(settings.read_text())
            base = adapter.parent / Path(told["base_model_name_or_path"]).name
            settings.write_text(json.dumps({**told, "base_model_name_or_path": str(base)}))
            out = Path(folder) / "theirs.npz"
            subprocess.run([peer, __file__, "--inside", kind, str(adapter), str(out)], check=True)
            theirs = np.load(out)
        rows = max(np.abs(own - theirs[str(i)]).max() for i, own in enumerate(ours))
        queries, pages = ours[: len(QUERIES)], ours[len(QUERIES) :]
        scores = np.array([[(q @ p.T).max(1).sum() for p in pages] for q in queries])
        apart = np.abs(scores - theirs["scores"]).max()
        print(f"colqwen{kind}: rows differ by at most {rows:.1e}, MaxSim by {apart:.1e}")
        above += int(rows > ROWS) + int(apart > SCORES)
    return above


def inside(kind: str, adapter: str, out: str) -> None:
    """What colpali-engine gives; runs in its own environment, where there is no quire."""
    if importlib.util.find_spec("torchvision") is None:
        # It wants one function, which the processor that stands on Pillow has as well.
        from transformers.models.qwen2_vl import image_processing_pil_qwen2_vl as by_pillow

        sys.modules["transformers.models.qwen2_vl.image_processing_qwen2_vl"] = by_pillow
    from colpali_engine import models
    from transformers import PreTrainedTokenizerFast
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    model_class, processor_class = (getattr(models, name) for name in CLASSES[kind])
    look = json.loads((Path(adapter) / "preprocessor_config.json").read_text())
    limits = {"shortest_edge": look["min_pixels"], "longest_edge": look["max_pixels"]}
    colours = {name: look[name] for name in ("image_mean", "image_std")}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(Path(adapter) / "tokenizer.json"), pad_token="<|endoftext|>"
    )
    # There is no video processor without torchvision, and nothing here is a film.
    processor_class.check_argument_for_proper_class = lambda *_: None
    processor: Any = processor_class(
        image_processor=Qwen2VLImageProcessorPil(size=limits, **colours), tokenizer=tokenizer
    )
    model = model_class.from_pretrained(adapter, dtype=torch.float32).eval()
    found: list[Any] = []
    strings = ["Query: " + query + "<|endoftext|>" * 10 for query in QUERIES]
    with torch.no_grad():
        for batch in (processor.process_texts(strings), processor.process_images(pictures())):
            rows = model(**batch)
            mask = batch["attention_mask"].bool()
            found += [own[real] for own, real in zip(rows, mask, strict=True)]
        scores = processor.score(found[: len(QUERIES)], found[len(QUERIES) :], device="cpu")
    named = {str(i): rows.numpy() for i, rows in enumerate(found)}
    np.savez(out, scores=scores.numpy(), **named)


if __name__ == "__main__":
    if len(sys.argv) == 5 and sys.argv[1] == "--inside":
        inside(*sys.argv[2:])
    elif len(sys.argv) == 2:
        raise SystemExit(1 if compare(sys.argv[1]) else 0)
    else:
        raise SystemExit(__doc__)
