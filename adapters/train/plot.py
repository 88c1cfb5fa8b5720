"""The curves of a run as a picture."""

import json
from pathlib import Path

WINDOW = 20  # steps that a point is the mean of


def plot_curves(log: Path, picture: Path) -> None:
    """Each term of the loss by step."""
    import matplotlib
    import numpy as np

    matplotlib.use("Agg")
    from matplotlib import pyplot

    lines = [json.loads(line) for line in log.read_text().splitlines()]
    names = list(dict.fromkeys(name for line in lines for name in line if name != "step"))
    figure, axes = pyplot.subplots(figsize=(6, 3.6), layout="constrained")
    for name in names:
        steps = np.array([line["step"] for line in lines if name in line])
        values = np.array([line[name] for line in lines if name in line])
        width = max(1, min(WINDOW, len(values) // 5))
        smooth = np.convolve(values, np.ones(width) / width, "valid")
        axes.plot(steps[width - 1 :], smooth, label=name)
    axes.set(xlabel="step", ylabel="loss")
    axes.legend()
    figure.savefig(picture, dpi=130)
    pyplot.close(figure)
