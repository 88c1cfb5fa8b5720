"""`quire train`: an encoder and examples in, the encoder with a trained adapter out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import output
from .evaluate import Task
from .exits import UsageError
from .options import DEFAULT_MODEL, JsonOption

if TYPE_CHECKING:
    from ..train.run import Trained


def train(
    out: Annotated[
        Path,
        typer.Option("--out", metavar="FOLDER", help="Where the trained model, and the run, go."),
    ],
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="FOLDER", help="Examples, as *.jsonl: see below."),
    ] = None,
    documents: Annotated[
        Path | None,
        typer.Option(
            "--from-documents",
            metavar="FOLDER",
            help="Learn from documents with a text layer instead, and measure on some held back.",
        ),
    ] = None,
    task: Annotated[Task, typer.Option("--task", help="What the adapter is for.")] = Task.RETRIEVAL,
    model: Annotated[
        str, typer.Option("--model", metavar="NAME_OR_PATH", help="The encoder to train.")
    ] = DEFAULT_MODEL,
    steps: Annotated[
        int | None, typer.Option("--steps", help="How many, 300 if not given.")
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option("--batch", help="Examples of a step, each a wrong answer to the others; 32."),
    ] = None,
    part: Annotated[
        int | None,
        typer.Option("--part", help="Items whose gradients are in memory at once; 8."),
    ] = None,
    rate: Annotated[float | None, typer.Option("--rate", help="Learning rate; 5e-4.")] = None,
    rank: Annotated[int | None, typer.Option("--rank", help="Of a fresh adapter; 16.")] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Of order and first weights; 0.")
    ] = None,
    refuse: Annotated[
        Path | None,
        typer.Option(
            "--refuse",
            metavar="FOLDER",
            help="Data that models are judged by: refuse to learn from any of it.",
        ),
    ] = None,
    device: Annotated[
        str | None, typer.Option("--device", help="cpu or cuda; cuda if there is one.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Train an adapter for one task on examples of your own, or on your documents alone.

    A line of --data is {"query": ..., "positive": TEXT} or {"query": ..., "picture": PATH}, both
    perhaps with "negatives": [TEXT, ...] and "negative_pictures"; or {"a": ..., "b": ...}, perhaps
    with a "score". A run that was stopped goes on where it was when the command is given again.
    """
    from quire.adapters.train.plan import Plan

    from ..train.run import train as run
    from ..train.run import train_from_documents

    if (data is None) == (documents is None):
        raise UsageError("give exactly one of --data and --from-documents")
    if documents is not None and task is not Task.RETRIEVAL:
        raise UsageError(f"--task {task.value}: documents teach retrieval alone; give --data")
    given = {
        "steps": steps, "batch": batch, "part": part, "rate": rate, "rank": rank, "seed": seed,
    }  # fmt: skip
    plan = Plan(task=task.value, **{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]

    def tell(line: str) -> None:
        if not as_json:
            output.note(line)

    how: dict[str, Any] = {"refuse": refuse, "device": device}
    if data is not None:
        trained = run(model, data, out, plan, tell, **how)
    else:
        assert documents is not None
        trained = train_from_documents(model, documents, out, plan, tell, **how)
    if as_json:
        output.result_json(_as_dict(trained))
    else:
        output.result(_sentence(trained))


def _as_dict(trained: "Trained") -> dict[str, Any]:
    told: dict[str, Any] = {
        "folder": str(trained.folder), "steps": trained.steps, "examples": trained.examples
    }  # fmt: skip
    if trained.before and trained.after:
        gain = trained.after.gain(trained.before)
        told["held_back"] = {
            "questions": len(trained.after.values),
            "measure": "nDCG@10",
            "before": vars(trained.before.figure),
            "after": vars(trained.after.figure),
            "gain": vars(gain),
        }
    return told


def _sentence(trained: "Trained") -> str:
    told = f"Trained on {trained.examples} examples for {trained.steps} steps: {trained.folder}"
    if trained.before and trained.after:
        from ..train.held_back import shown

        gain = trained.after.gain(trained.before)
        told += (
            f"\nHeld back, {len(trained.after.values)} questions: before {trained.before}, after "
            f"{trained.after}, gain {shown(gain)}"
        )
    return told
