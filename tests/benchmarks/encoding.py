"""How many texts and pages a second, beside the recipes of model cards and sentence-transformers.

    PYTHONPATH=tests python tests/benchmarks/encoding.py [--size tiny middle]
        [--what text pages tasks] [--pairs 3]

Encoders are random, in the layouts of Qwen3-Embedding (text) and ColQwen2.5 (pages), of some
40 thousand or some 140 million parameters, in float32, with two threads. "card" is the recipe of
their cards: batches in the order given, padded to their longest, through the native classes of
transformers. sentence-transformers sorts by length by itself; its pages need torchvision, so it is
asked for texts alone. Each round runs all, one after the other, so that a busy machine troubles all
alike; told are medians with the slowest and the fastest, and the median of the ratios of a round.
"tasks" tells what it costs to switch the task from batch to batch, and to mix tasks in one, by
depth, on the layout of jina-embeddings-v4.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import tiny_published as tiny
import torch
import torch.nn.functional as F
from PIL import Image

from quire.engine import Encoder

MIDDLE = {"WIDTH": 512, "INNER": 2048, "LAYERS": 24, "HEADS": 8, "HEAD": 64, "DEPTH": 12}
CARD_TEXTS, CARD_PAGES = 8, 4  # a batch
CELLS = 256  # of a page at most
END = "<|endoftext|>"


def texts(count: int) -> list[str]:
    """Of 4 to 400 words, as many short as long ones on a scale of ratios."""
    rng = np.random.default_rng(0)
    words = tiny.WORDS.split()
    return [
        " ".join(rng.choice(words, int(np.exp(rng.uniform(np.log(4), np.log(400))))))
        for _ in range(count)
    ]


def pages(count: int) -> list[Image.Image]:
    """Pages, slides and cuttings of several sizes."""
    rng = np.random.default_rng(0)
    sizes = [(595, 842), (842, 595), (960, 540), (300, 200)]
    return [
        Image.fromarray(rng.integers(0, 256, (high, wide, 3), dtype=np.uint8))
        for wide, high in (sizes[i % len(sizes)] for i in range(count))
    ]


def card_of_texts(folder: Path) -> Callable[[list[str]], Any]:
    """The recipe on the card of Qwen3-Embedding."""
    from transformers import AutoModel, PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"), pad_token=END, padding_side="left"
    )
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()

    def encode(items: list[str]) -> Any:
        found = []
        for first in range(0, len(items), CARD_TEXTS):
            batch = tokenizer(
                items[first : first + CARD_TEXTS], padding=True, truncation=True,
                max_length=8192, return_tensors="pt", return_token_type_ids=False,
            )  # fmt: skip
            with torch.no_grad():
                hidden = model(**batch).last_hidden_state
            found.append(F.normalize(hidden[:, -1], dim=-1))
        return torch.cat(found).numpy()

    return encode


def guest_of_texts(folder: Path) -> Callable[[list[str]], Any]:
    """sentence-transformers with the same files."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer import modules
    from transformers import PreTrainedTokenizerFast

    PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"), pad_token=END, padding_side="left"
    ).save_pretrained(folder / "guest")
    reader = modules.Transformer(
        str(folder), model_kwargs={"dtype": torch.float32}, max_seq_length=8192,
        tokenizer_name_or_path=str(folder / "guest"),
    )  # fmt: skip
    pooling = modules.Pooling(reader.get_embedding_dimension(), pooling_mode="lasttoken")
    model = SentenceTransformer(modules=[reader, pooling, modules.Normalize()], device="cpu")
    return lambda items: model.encode(items, show_progress_bar=False)


def card_of_pages(encoder: Encoder) -> Callable[[list[Image.Image]], Any]:
    """The recipe on the card of ColQwen2.5, with the same weights: adapter folded in."""
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    checkpoint = encoder._checkpoint
    family, look = checkpoint.family, checkpoint.look
    limits = {"shortest_edge": family.budget.min_pixels, "longest_edge": family.budget.max_pixels}
    processor = Qwen2VLImageProcessorPil(size=limits, image_mean=look.mean, image_std=look.std)
    model = tiny.native("qwen2_5_vl").eval()
    image = tiny.byte_pieces().token_to_id("<|image_pad|>")
    tokenizer = tiny.byte_pieces()
    tokenizer.encode_special_tokens = False
    before, after = (tokenizer.encode(s, add_special_tokens=False).ids
                     for s in family.page.split("{image}"))  # fmt: skip

    def encode(items: list[Image.Image]) -> Any:
        found = []
        for first in range(0, len(items), CARD_PAGES):
            seen = processor(images=items[first : first + CARD_PAGES], return_tensors="pt")
            counts = (seen["image_grid_thw"].prod(-1) // 4).tolist()
            longest = max(counts) + len(before) + len(after)
            ids = torch.zeros(len(counts), longest, dtype=torch.long)
            mask = torch.zeros_like(ids)
            for row, count in enumerate(counts):
                own = [*before, *[image] * count, *after]
                ids[row, -len(own) :], mask[row, -len(own) :] = torch.tensor(own), 1
            with torch.no_grad():
                hidden = model(
                    input_ids=ids, attention_mask=mask, mm_token_type_ids=(ids == image).int(),
                    use_cache=False, **seen,
                ).last_hidden_state  # fmt: skip
                rows = F.normalize(checkpoint.projector(hidden), dim=-1)
            found += [own[real.bool()].numpy() for own, real in zip(rows, mask, strict=True)]
        return found

    return encode


def compare(what: str, count: int, ways: dict[str, Callable[[], Any]], rounds: int) -> None:
    """Print a line for each way, and how many times as quick quire is."""
    took: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way()
    for _ in range(rounds):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            took[name].append(time.perf_counter() - began)
    for name, own in took.items():
        rates = sorted(count / seconds for seconds in own)
        ratio = statistics.median(b / a for a, b in zip(took["quire"], own, strict=True))
        print(
            f"{what:<16} {name:<22} {statistics.median(rates):>9.2f}/s ({rates[0]:.2f} to "
            f"{rates[-1]:.2f})  quire is {ratio:.2f} times as quick",
            flush=True,
        )


def of_texts(size: str, count: int, rounds: int) -> None:
    with TemporaryDirectory() as place:
        folder = tiny.write_qwen3(Path(place) / "m")
        items = texts(count)
        encoder = Encoder.load(str(folder), device="cpu")
        card, guest = card_of_texts(folder), guest_of_texts(folder)
        own = encoder.encode_document(items[:9], vectors="dense")
        for other in (card, guest):
            np.testing.assert_allclose(other(items[:9]), own, rtol=0, atol=2e-4)
        ways = {
            "quire": lambda: encoder.encode_document(items, vectors="dense"),
            "card": lambda: card(items),
            "sentence-transformers": lambda: guest(items),
        }
        compare(f"texts, {size}", count, ways, rounds)


def of_pages(size: str, count: int, rounds: int) -> None:
    with TemporaryDirectory() as place:
        tiny.lora = without_lora
        folder = tiny.write_colqwen(Path(place))
        encoder = Encoder.load(str(folder), device="cpu", max_pixels=CELLS * 784)
        items, card = pages(count), card_of_pages(encoder)
        for theirs, ours in zip(card(items[:3]), encoder.encode_document(items[:3]), strict=True):
            np.testing.assert_allclose(theirs, ours, rtol=0, atol=2e-3)
        ways = {"quire": lambda: encoder.encode_document(items), "card": lambda: card(items)}
        compare(f"pages, {size}", count, ways, rounds)


def without_lora(model: Any, name: str, seed: int) -> dict[str, tuple[Any, Any]]:
    """As `tiny.lora`, and so small that the folded weights are those of `tiny.native`."""
    return {layer: (a * 1e-6, b * 1e-3) for layer, (a, b) in LORA(model, name, seed).items()}


LORA = tiny.lora


def of_tasks(rounds: int) -> None:
    """Batches of eight queries: one task, another task each time, three tasks in each."""
    kinds = ["retrieval", "similarity", "code"]
    items = texts(8)
    for depth in (2, 8, 24):
        with TemporaryDirectory() as place:
            tiny.LAYERS = depth
            encoder = Encoder.load(str(tiny.write_jina(Path(place) / "m")), device="cpu")
            found: dict[str, list[float]] = {"one": [], "switched": [], "mixed": []}
            for turn in range(30 * rounds):
                for way, own in found.items():
                    task: Any = "code" if way == "one" else kinds[turn % 3]
                    task = [kinds[i % 3] for i in range(8)] if way == "mixed" else task
                    began = time.perf_counter()
                    encoder.encode_query(items, task=task)
                    own.append(time.perf_counter() - began)
        told = {way: 1000 * statistics.median(own) for way, own in found.items()}
        print(f"{depth} layers: " + ", ".join(f"{w} {ms:.2f} ms" for w, ms in told.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", nargs="+", choices=["tiny", "middle"], default=["tiny", "middle"])
    parser.add_argument("--what", nargs="+", choices=["text", "pages", "tasks"],
                        default=["text", "pages", "tasks"])  # fmt: skip
    parser.add_argument("--pairs", type=int, default=3, help="rounds")
    given = parser.parse_args()
    torch.set_num_threads(2)
    if "tasks" in given.what:
        of_tasks(given.pairs)
    usual = {name: getattr(tiny, name) for name in MIDDLE}
    for size in given.size:
        for name, value in (MIDDLE if size == "middle" else usual).items():
            setattr(tiny, name, value)
        if "text" in given.what:
            of_texts(size, 48 if size == "middle" else 256, given.pairs)
        if "pages" in given.what:
            of_pages(size, 8 if size == "middle" else 24, given.pairs)


if __name__ == "__main__":
    main()
