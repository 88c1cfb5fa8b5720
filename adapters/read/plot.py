"""The curves of a training run as a picture."""

import json
from pathlib import Path


def plot_curves(log: Path, picture: Path) -> None:
    """Losses on the left, the share of pieces read on unseen sheets on the right."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    lines = [json.loads(line) for line in log.read_text().splitlines()]
    losses = [r for r in lines if "piece" in r]
    shares = [r for r in lines if "first" in r]
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    for name in ("piece", "letter", "silence", "text"):
        left.plot([r["step"] for r in losses], [r[name] for r in losses], label=name)
    left.set(yscale="log", xlabel="step", ylabel="loss")
    left.legend()
    right.plot([r["step"] for r in shares], [r["first"] for r in shares], label="ranked first")
    right.plot([r["step"] for r in shares], [r["eight"] for r in shares], label="among eight")
    right.set(xlabel="step", ylabel="share of pieces read", ylim=(0, 1))
    right.legend()
    figure.savefig(picture, dpi=130)
    pyplot.close(figure)
