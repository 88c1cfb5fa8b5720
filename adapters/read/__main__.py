"""`python -m quire.adapters.read`: train quire-mini, stage by stage, and export it."""

import argparse
import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from ..errors import AdapterError
from ..telling import tell
from .export import export, restore
from .overlap import refuse_overlap
from .parallel import Team
from .pieces import piece_prior, piece_weights, train_pieces
from .plan import Plan, asking
from .plot import plot_curves
from .prose import load_prose
from .shape import Shape
from .train import Trainer, train

PIECE_TEXTS = 20_000  # enough for the counts of 8,192 pieces to settle


def vocabulary(
    texts: list[str], folder: Path, size: int, given: Path | None = None
) -> tuple[Tokenizer, np.ndarray, np.ndarray]:
    """Pieces, their weights as query rows and their prior; made once, kept in the folder.

    The pieces are those of the model `given`, if there is one, else learnt from the texts.
    """
    pieces, weights, prior = (folder / n for n in ("tokenizer.json", "weights.npy", "prior.npy"))
    if not (pieces.exists() and weights.exists() and prior.exists()):
        tell(f"learning {size} pieces")
        folder.mkdir(parents=True, exist_ok=True)
        if given:
            tokenizer = Tokenizer.from_file(str(given / "tokenizer.json"))
        else:
            tokenizer = train_pieces(texts[:PIECE_TEXTS], size)
        np.save(weights, piece_weights(texts[:PIECE_TEXTS], tokenizer))
        np.save(prior, piece_prior(texts[:PIECE_TEXTS], tokenizer))
        tokenizer.save(str(pieces))
    return Tokenizer.from_file(str(pieces)), np.load(weights), np.load(prior)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m quire.adapters.read", description=__doc__)
    parser.add_argument("--text", type=Path, required=True, help="folder with prose*.jsonl(.xz)")
    parser.add_argument("--folder", type=Path, default=Path(".work/mini"), help="checkpoints")
    parser.add_argument("--out", type=Path, help="write the model here when done")
    parser.add_argument("--steps", type=int, default=Plan.steps)
    parser.add_argument(
        "--stage",
        choices=("read", "ask"),
        default="read",
        help="read: from nothing; ask: from a model that reads, so that it finds (some 300 steps)",
    )
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after so long")
    parser.add_argument("--workers", type=int, default=1, help="processes that draw sheets")
    parser.add_argument("--refuse", type=Path, help="evaluation sets that must not be trained on")
    parser.add_argument("--begin-from", type=Path, help="a model to train further, by --out")
    parser.add_argument("--smoke", action="store_true", help="a tiny model, for tests")
    options = parser.parse_args(arguments)

    torch.set_num_threads(1)
    try:
        texts = load_prose(options.text)
        if options.refuse:
            refuse_overlap(texts, options.refuse)
        shape = Shape()
        plan = asking(options.steps) if options.stage == "ask" else Plan(steps=options.steps)
        if options.smoke:
            shape = Shape(vocabulary=1024, vision_width=64, vision_depth=2, vision_heads=2,
                          vision_inner=128, width=64, depth=1, heads=2, key_value_heads=1,
                          inner=128)  # fmt: skip
            plan = replace(plan, ramp=10**6, warm_up=20)
        team = Team.join()
        if team.leads:
            vocabulary(texts, options.folder, shape.vocabulary, options.begin_from)
        team.wait()
        tokenizer, weights, prior = vocabulary(texts, options.folder, shape.vocabulary)
        shape = replace(shape, vocabulary=tokenizer.get_vocab_size())
        compiled = not options.smoke
        trainer = Trainer(shape, tokenizer, texts, plan, options.folder, prior, weights, compiled)
        if trainer.resume():
            tell(f"going on at step {trainer.step}")
        elif options.begin_from:
            weights = restore(trainer.reader, options.begin_from)
        train(trainer, tell, options.workers, options.minutes * 60)
    except AdapterError as error:
        print(error, file=sys.stderr)
        return 3
    if not team.leads:
        return 0
    plot_curves(options.folder / "log.jsonl", options.folder / "curves.png")
    if options.out:
        export(trainer.reader, tokenizer, weights, options.out)
        tell(f"wrote {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
