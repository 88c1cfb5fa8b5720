"""How fast are the ways to score pages, beside others on the same arrays, and what do they lose?

    python tests/benchmarks/scoring.py [--pages 1000 10000 100000] [--rounds 7] [--out FOLDER]
        [--keep FOLDER] [--prepare] [--peers FOLDER]

Pages of 700 rows of 128 numbers (scoring_data.py), queries of 20 rows. In each round every way
scores once, so that a busy machine troubles all alike; ratios are taken within a round. Up to
10,000 pages are in memory as float16; of more, only the 1-bit codes are, and the time of exact
scoring is scaled up from 10,000. Each size is measured apart and replaces its own lines in
`scoring.json`; table and plot are drawn from all lines there. `--prepare` only makes pages and
codes and keeps them in `--keep` (a size takes minutes), to be measured later on a quiet machine.
`--peers` is a folder with packages to compare with (pip install --target).
"""

import argparse
import json
import platform
import resource
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from scoring_data import BLOCK, DIM, QUERY_ROWS, ROWS, Made
from scoring_peers import peers
from scoring_report import write_report

from quire.engine.score.bits import BitCodes, encode_bits
from quire.engine.score.int8 import encode_int8
from quire.engine.score.maxsim import maxsim
from quire.engine.score.packed import Packed, offsets_of
from quire.engine.score.pool import pool_pages

RESULTS = Path(__file__).parent / "results"
IN_MEMORY = 10_000  # pages whose rows are
POOLED = 1_000  # pages that are pooled: that takes a fiftieth of a second each
QUERIES = 20
EXACT = "quire, exact"
Way = tuple[str, int, float, Callable[[np.ndarray], np.ndarray]]


def prepare(pages: int, keep: Path) -> None:
    """Write rows (of the first 10,000), 1-bit codes, queries and true scores of so many pages."""
    folder = keep / str(pages)
    if (folder / "truth.npy").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    made = Made()
    queries = made.queries(QUERIES, pages)
    held = np.lib.format.open_memmap(
        folder / "rows.npy", "w+", np.float16, (min(pages, IN_MEMORY), ROWS, DIM)
    )
    centre, parts, truth = None, [], []
    for first, block in zip(range(0, pages, BLOCK), made.blocks(pages), strict=False):
        half = block.half().numpy()
        held[first : first + BLOCK] = half[: max(0, IN_MEMORY - first)]
        packed = Packed(half.reshape(-1, DIM), offsets_of(np.full(len(half), ROWS)))
        codes = encode_bits(packed, centre)
        centre = codes.centre  # of the first block: those of the others are the same but for noise
        parts.append(codes)
        truth.append(maxsim(queries, packed))
    for name in ("octets", "factors", "scales"):
        np.save(folder / f"{name}.npy", np.concatenate([getattr(part, name) for part in parts]))
    np.save(folder / "centre.npy", centre)
    np.save(folder / "queries.npy", np.stack(queries))
    np.save(folder / "truth.npy", np.concatenate(truth, axis=1))


def ours(pages: int, folder: Path, rows: np.ndarray) -> Iterator[Way]:
    """Name, pages that it is given, bytes a page, and the function."""
    n = len(rows)
    packed = Packed(rows.reshape(-1, DIM), offsets_of(np.full(n, ROWS)))
    yield EXACT, n, packed.rows.nbytes / n, lambda query: maxsim(query, packed)
    if pages <= IN_MEMORY:
        int8 = encode_int8(packed)
        yield "quire, int8", n, int8.nbytes / n, lambda query: maxsim(query, int8)
    octets, factors, scales, centre = (
        np.load(folder / f"{name}.npy") for name in ("octets", "factors", "scales", "centre")
    )
    bits = BitCodes(
        octets, factors, scales, offsets_of(np.full(pages, len(octets) // pages)), centre
    )
    yield "quire, 1-bit", pages, bits.nbytes / pages, lambda query: maxsim(query, bits)
    if pages <= POOLED:
        few = pool_pages(packed, most=64)
        pooled = encode_int8(few)
        yield (
            "quire, 64 pooled rows, int8",
            n,
            pooled.nbytes / n,
            lambda query: maxsim(query, pooled),
        )


def recall(scores: np.ndarray, truth: np.ndarray, first: int = 10) -> float:
    """How many of the true ten best are among the `first` by these scores."""
    best = set(np.argsort(-truth, kind="stable")[:10].tolist())
    return len(best & set(np.argsort(-scores, kind="stable")[:first].tolist())) / len(best)


def measure(pages: int, rounds: int, keep: Path, work: Path) -> list[dict[str, object]]:
    folder = keep / str(pages)
    rows = np.load(folder / "rows.npy")
    queries, truth = np.load(folder / "queries.npy"), np.load(folder / "truth.npy")
    ways = list(ours(pages, folder, rows))
    if pages <= POOLED:
        ways += [(name, n, ROWS * DIM * 4, score) for name, n, score in peers(rows, work)]
    elif pages <= IN_MEMORY:
        quick = ("torch", "maxsim-cpu")
        few = peers(rows[:2_000], work)
        ways += [
            (name, n, ROWS * DIM * 4, score) for name, n, score in few if name.startswith(quick)
        ]
    # milliseconds a round, scaled to all pages; recall over the queries
    took: dict[str, list[float]] = {name: [] for name, *_ in ways}
    kept: dict[str, list[tuple[float, ...]]] = {name: [] for name, *_ in ways}
    for at in range(rounds + 1):
        for name, n, _, score in ways:
            if took[name] and sum(took[name]) * n / pages > 60_000:
                continue  # slow ones get fewer rounds
            query = queries[at % len(queries)]
            time.sleep(0.1)  # threads of the one before may still spin
            began = time.perf_counter()
            score(query)
            took[name].append((time.perf_counter() - began) * 1_000 * pages / n)
    for name, n, _, score in ways:
        slow = np.median(took[name]) * n / pages > 1_000
        for i, query in enumerate(queries[:3] if slow else queries):
            found = score(query)
            kept[name].append(tuple(recall(found, truth[i, :n], k) for k in (10, 50, 200)))
    exact = np.array(took[EXACT])
    lines = []
    for name, n, size, _ in ways:
        own = np.array(took[name])
        own, beside = own[1:], exact[1 : len(own)]  # the first round warms up
        ratios = np.quantile(own / beside, [0.25, 0.5, 0.75])
        found = np.mean(kept[name], axis=0)
        lines.append(
            {"pages": pages, "way": name, "given": n, "bytes": round(size),
             "ms": round(float(np.median(own)), 2), "ms_least": round(float(own.min()), 2),
             "ratio": [round(float(r), 3) for r in ratios], "rounds": len(own),
             "recall": [round(float(r), 3) for r in found]}
        )  # fmt: skip
        print(json.dumps(lines[-1]), flush=True)
    return lines


def roofline() -> dict[str, float]:
    """What the machine can do at most: GFLOP/s of a large product, GB/s of reading memory."""
    square, long = torch.randn(3_000, 3_000), torch.ones(1 << 27)
    best = {"gemm": 0.0, "stream": 0.0}
    for _ in range(5):
        began = time.perf_counter()
        torch.mm(square, square)
        best["gemm"] = max(best["gemm"], 2 * 27 / (time.perf_counter() - began))
        began = time.perf_counter()
        long.sum()
        best["stream"] = max(best["stream"], long.nbytes / 1e9 / (time.perf_counter() - began))
    return {name: round(value, 1) for name, value in best.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pages", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--prepare", action="store_true")
    parser.add_argument("--peers", type=Path)
    args = parser.parse_args()
    if args.peers:
        sys.path.append(str(args.peers))
    args.out.mkdir(parents=True, exist_ok=True)
    known = args.out / "scoring.json"
    told = json.loads(known.read_text()) if known.exists() else {"lines": []}
    with TemporaryDirectory() as work:
        keep = args.keep or Path(work)
        for pages in args.pages:
            prepare(pages, keep)
            if args.prepare:
                continue
            lines = measure(pages, args.rounds, keep, Path(work))
            told["lines"] = [line for line in told["lines"] if line["pages"] != pages] + lines
            told["machine"] = {
                **roofline(),
                "processor": platform.processor() or platform.machine(),
                "threads": torch.get_num_threads(),
                "torch": version("torch"),
                "date": time.strftime("%Y-%m-%d"),
                "most_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 1),
            }
            told["query_flop_a_page"] = 2 * QUERY_ROWS * ROWS * DIM
            told["lines"].sort(key=lambda line: (line["pages"], line["way"] != EXACT))
            known.write_text(json.dumps(told, indent=1) + "\n")
            write_report(told, args.out)


if __name__ == "__main__":
    main()
