"""How much longer a search takes over HTTP than in Python, and whether any fails under load.

    python tests/benchmarks/serving.py LIBRARY [--clients 8 32] [--each 40] [--repeat 3]

Serves the library in a process of its own, as `quire serve` does. For each number of clients, as
many threads ask this process's own Library, then as many connections ask the server; the pairs are
interleaved, so that a busy machine troubles both alike. A line each: milliseconds at the median
and the 95th percentile, failures, searches a second. Ends with 1 if a request failed.

Last result (27 November 2026, sample library, two cores that others used meanwhile): 8 clients 42
to 53 searches a second over HTTP and 63 to 82 in Python, the 95th percentile 25 and 34 ms above
(medians of three pairs each); 32 clients 38 and 50 to 60, 16 ms above; of 5,760 requests none
failed.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import httpx2
import numpy as np

from quire.engine import Library
from quire.engine.encode.load import load_encoder
from quire.engine.serve.encoding import SharedEncoder

QUESTIONS = Path(__file__).parents[1] / "samples" / "queries.jsonl"
K = 12


def load(ask: Callable[[str], bool], questions: list[str], clients: int, each: int) -> list[float]:
    """Seconds of every search, in order of their ends; a search that failed counts as infinite."""

    def client(number: int) -> list[float]:
        took = []
        for i in range(each):
            began = time.perf_counter()
            good = ask(questions[(number + i * clients) % len(questions)])
            took.append(time.perf_counter() - began if good else float("inf"))
        return took

    with ThreadPoolExecutor(clients) as pool:
        return [one for took in pool.map(client, range(clients)) for one in took]


def told(name: str, clients: int, took: list[float], seconds: float) -> dict[str, float | str]:
    good = np.array([one for one in took if np.isfinite(one)]) * 1000
    line = {
        "by": name,
        "clients": clients,
        "median_ms": round(float(np.median(good)), 1),
        "p95_ms": round(float(np.quantile(good, 0.95)), 1),
        "failed": len(took) - len(good),
        "per_second": round(len(took) / seconds, 1),
    }
    print(json.dumps(line), flush=True)
    return line


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--each", type=int, default=40, help="searches of each client")
    parser.add_argument("--repeat", type=int, default=3, help="interleaved pairs")
    given = parser.parse_args()
    questions = [json.loads(line)["text"] for line in QUESTIONS.read_text().splitlines()]
    library = Library.open(given.library, SharedEncoder(load_encoder("quire-mini")))
    command = [sys.executable, "-m", "quire.engine", "serve", "--port", "0"]
    server = subprocess.Popen(
        [*command, "--library", given.library], stdout=subprocess.PIPE, text=True
    )
    failed = 0
    try:
        assert server.stdout is not None
        address = server.stdout.readline().split()[-1].rstrip("/")
        with httpx2.Client(
            base_url=address, timeout=60, limits=httpx2.Limits(max_connections=64)
        ) as http:
            while http.get("/health").json()["state"] == "loading":
                time.sleep(0.2)

            def over_http(question: str) -> bool:
                try:
                    return (
                        http.post("/api/search", json={"query": question, "k": K}).status_code
                        == 200
                    )
                except httpx2.HTTPError:
                    return False

            def in_python(question: str) -> bool:
                hits = library.search(question, K)
                return hits.relevance >= 0 and len(hits) == K

            ways = {"python": in_python, "http": over_http}
            for ask in ways.values():  # what is read and worked out once
                load(ask, questions, 1, 5)
            for clients in given.clients:
                more = []
                for _ in range(given.repeat):
                    lines = {}
                    for name, ask in ways.items():
                        began = time.perf_counter()
                        took = load(ask, questions, clients, given.each)
                        lines[name] = told(name, clients, took, time.perf_counter() - began)
                    failed += int(lines["http"]["failed"])
                    more.append(float(lines["http"]["p95_ms"]) - float(lines["python"]["p95_ms"]))
                print(f"{clients} clients: p95 over HTTP {median(more):+.1f} ms (median of pairs)")
    finally:
        server.terminate()
        server.wait(20)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
