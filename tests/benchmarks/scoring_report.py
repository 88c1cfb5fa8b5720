"""The table and the plot of the benchmark of scoring, from what was measured."""

from pathlib import Path
from typing import Any

HEAD = """# Scoring pages: measured

Pages of 700 rows of 128 numbers, a query of 20 rows, {threads} threads, {date}, torch {torch}.
Medians; the ratio is to exact scoring by quire in the same round, with its middle half. Recall: how
many of the true ten best are among the first 10, 50 and 200 (of 20 queries; of 3 for the slow). A
way that was given fewer pages than there are is scaled up, which is said.

This machine: {gemm} GFLOP/s in a large float32 product, {stream} GB/s reading memory. So 1,000
pages cannot take less than {compute:.1f} ms to multiply, {read16:.1f} ms to read as float16,
{read8:.1f} ms as int8, {read1:.2f} ms as 1-bit codes.
"""


def write_report(told: dict[str, Any], folder: Path) -> None:
    machine, flop = told["machine"], told["query_flop_a_page"]
    gb = 1e-9 * 1_000 / machine["stream"] * 1_000  # ms for a byte of each of 1,000 pages
    text = HEAD.format(
        **machine,
        compute=flop * 1_000 / machine["gemm"] / 1e9 * 1_000,
        read16=179_200 * gb,
        read8=89_604 * gb,
        read1=12_672 * gb,
    )
    for pages in sorted({line["pages"] for line in told["lines"]}):
        text += f"\n## {pages:,} pages\n\n"
        text += "| way | bytes a page | ms | times exact | recall@10 | in 50 | in 200 | |\n"
        text += "| --- | --- | --- | --- | --- | --- | --- | --- |\n"
        for line in told["lines"]:
            if line["pages"] == pages:
                text += row(line)
    (folder / "scoring.md").write_text(text)
    draw(told, folder / "scoring.png")


def row(line: dict[str, Any]) -> str:
    low, middle, high = (f"{ratio:.3g}" for ratio in line["ratio"])
    scaled = f"from {line['given']:,} pages" if line["given"] < line["pages"] else ""
    recall = " | ".join(f"{share:.3f}" for share in line["recall"])
    return (
        f"| {line['way']} | {line['bytes']:,} | {line['ms']:,.1f} | {middle} ({low} to {high}) "
        f"| {recall} | {scaled} |\n"
    )


def draw(told: dict[str, Any], path: Path) -> None:
    """A bar of pages a second for each way, the quickest first, with its recall."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    sizes = sorted({line["pages"] for line in told["lines"]})
    figure, axes = plt.subplots(1, len(sizes), figsize=(5.2 * len(sizes), 5), squeeze=False)
    for axis, pages in zip(axes[0], sizes, strict=True):
        lines = [line for line in told["lines"] if line["pages"] == pages]
        for line in sorted(lines, key=lambda line: line["ms"]):
            mine = line["way"].startswith("quire")
            speed = pages / line["ms"] * 1_000
            axis.barh(line["way"], speed, color="#1f6f8b" if mine else "#b9b9b9")
            axis.text(speed, line["way"], f" {line['recall'][0]:.2f}", va="center", fontsize=7)
        axis.set_xscale("log")
        axis.invert_yaxis()
        axis.tick_params(labelsize=7)
        axis.set_title(f"{pages:,} pages", fontsize=9)
        axis.margins(x=0.15)  # the numbers stand beside the longest bar, too
        axis.spines[["top", "right"]].set_visible(False)
        axis.set_xlabel("pages a second (and recall@10)", fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
