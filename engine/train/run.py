"""One run of training from a model and data to a folder that an encoder loads."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from quire.adapters.errors import AdapterError
from quire.adapters.read.overlap import refuse_overlap
from quire.adapters.tasks import TASKS, check_task
from quire.adapters.train.examples import Example, Pair
from quire.adapters.train.plan import Plan
from quire.adapters.train.plot import plot_curves
from quire.adapters.train.trainer import LOG, Learner, Trainer

from ..encode.checkpoint import Checkpoint, load_checkpoint
from ..encode.source import Source, find_source
from .data import read_data
from .documents import HELD, TRAIN, make_data
from .finish import finish
from .held_back import Measured, measure_held_back
from .judged import refuse_judged_files
from .pupil import Pupil

RUN = "training"  # folder in the result that holds the run: checkpoint, log, curves
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Trained:
    """`before` and `after`: on documents held back, where there were any."""

    folder: Path
    steps: int
    examples: int
    before: Measured | None = None
    after: Measured | None = None


def train(
    model: str,
    data: Path,
    out: Path,
    plan: Plan,
    tell: Tell,
    *,
    refuse: Path | None = None,
    device: str | None = None,
) -> Trained:
    """Train an adapter for `plan.task` on the examples in `data` (see data.py).

    `out` becomes a folder with the model and the adapter; it holds the run too, and a run that was
    stopped goes on where it was. `refuse`: judged data; the run is refused where any of it is
    trained on. Raises `AdapterError` and `EncodeError`.
    """
    examples = read_data(data)
    if refuse is not None:
        refuse_overlap(examples.texts(), refuse)
        refuse_judged_files(examples.pictures(), refuse)
    session = _Session(model, out, plan, device, tell)
    session.learn(examples.examples, examples.digest)
    return Trained(out, plan.steps, len(examples.examples))


def train_from_documents(
    model: str,
    folder: Path,
    out: Path,
    plan: Plan,
    tell: Tell,
    *,
    refuse: Path | None = None,
    device: str | None = None,
) -> Trained:
    """Train the adapter on what the documents of `folder` say of themselves (see documents.py),
    and measure it on documents held back. Otherwise as `train`."""
    session = _Session(model, out, plan, device, tell)
    family = session.checkpoint.family
    made = session.run / "data"
    ids = make_data(
        folder, made, family.budget, sees=bool(family.image_token), seed=plan.seed, tell=tell
    )
    examples, held = read_data(made / TRAIN), read_data(made / HELD)
    if refuse is not None:
        refuse_overlap(examples.texts(), refuse)
        refuse_judged_files(ids, refuse)
    pairs = [pair for pair in held.examples if isinstance(pair, Pair)]
    tell(f"measuring {len(pairs)} questions on documents held back")
    before = measure_held_back(session.pupil.encode, pairs)
    tell(f"before: {before}")
    session.learn(examples.examples, examples.digest)
    after = measure_held_back(session.pupil.encode, pairs)
    return Trained(out, plan.steps, len(examples.examples), before, after)


class _Session:
    """A loaded model that is about to learn."""

    def __init__(self, model: str, out: Path, plan: Plan, device: str | None, tell: Tell) -> None:
        import torch

        check_task(plan.task, TASKS)
        self.source: Source = find_source(model)
        self.out, self.run, self.tell = out, out / RUN, tell
        _check_out(out, self.source)
        self.device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self.checkpoint: Checkpoint = load_checkpoint(self.source, self.device)
        torch.manual_seed(plan.seed)
        self.pupil = Pupil(self.checkpoint, self.device, plan.task, plan.rank)
        self.plan = plan
        tell(f"the adapter for {plan.task!r} begins as {self.pupil.started}")

    def learn(self, examples: tuple[Example, ...], digest: str) -> None:
        self._check_pictures(examples)
        pupil = self.pupil
        learner = Learner(pupil.encode, pupil.weights, pupil.dims, self.device)
        data = f"{digest} {self.checkpoint.weights}"
        trainer = Trainer(learner, examples, self.plan, self.run, data)
        if trainer.step:
            self.tell(f"going on at step {trainer.step}")
        trainer.run(self.tell)
        plot_curves(self.run / LOG, self.run / "curves.png")
        finish(self.source, pupil, self.plan.task, self.out)

    def _check_pictures(self, examples: tuple[Example, ...]) -> None:
        pages = sum(isinstance(e, Pair) and e.kind.startswith("page") for e in examples)
        if pages and not self.checkpoint.family.image_token:
            raise AdapterError(
                f"{self.checkpoint.family.name} reads text alone, and {pages} examples are "
                "pictures of pages: give their text, or take a model that sees pages"
            )


def _check_out(out: Path, source: Source) -> None:
    strange = out.exists() and (not out.is_dir() or any(out.iterdir()))
    if strange and not (out / RUN).is_dir() and out.resolve() != source.folder.resolve():
        raise AdapterError(
            f"{out} holds other things than a run of training: name a new folder with --out"
        )
