"""Reads every file of a folder, as indexing would, and tells how each ended.

    python tests/hostile.py FOLDER [--state FILE] [--limit NAME=VALUE ...] [--json]

No encoder and no library: only the reading, in a process of its own, so that even its death is
noticed. With a state file a second run passes over what the first has settled. Exit code 0 when
every file has exactly one outcome, 1 when one has none, or the process died.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from quire.ingest import Limits, PixelBudget, ReadFailed, Reading, Source, find, read
from quire.ingest.outcome import INDEXED, OUTCOMES, UNCHANGED, outcome

BUDGET = PixelBudget(max_pixels=1_500_000, min_pixels=3_136, factor=28)


def every_file(folder: Path) -> list[str]:
    """Hidden ones, too: here nothing is passed over."""
    return sorted(str(path) for path in folder.rglob("*") if path.is_file() or path.is_fifo())


def settle(source: Source, limits: Limits) -> dict[str, Any]:
    """Read all pages of one document."""
    try:
        opened = read(source, BUDGET, limits, how=Reading())
    except ReadFailed as failed:
        return {"outcome": outcome(failed.failure), "reason": failed.failure.reason}
    pages, lost = 0, []
    with opened:
        while True:
            try:
                next(opened)
                pages += 1
            except StopIteration:
                break
            except ReadFailed as failed:
                lost.append(failed.failure)
                if failed.failure.page is None:
                    pages = 0
                    break
    if not pages:
        return {"outcome": outcome(lost[-1]), "reason": lost[-1].reason}
    engine = opened.document.engine.split()[0]
    return {"outcome": INDEXED, "pages": pages, "lost": len(lost), "engine": engine}


def told(folder: Path, known: dict[str, Any], limits: Limits) -> Iterator[dict[str, Any]]:
    """One line for each file, and last one about this process."""
    began = time.monotonic()
    found = find(every_file(folder))
    for failure in found.failures:
        yield {
            "path": failure.path,
            "id": "",
            "outcome": outcome(failure),
            "reason": failure.reason,
        }
    for source in found.documents:
        before = known.get(source.id)
        if before is None:
            line = settle(source, limits)
        else:
            line = {**before, **({"outcome": UNCHANGED} if before["outcome"] == INDEXED else {})}
            line["again"] = True
        for path in source.paths:
            yield {"path": path, "id": source.id, **line}
    yield {
        "seconds": time.monotonic() - began,
        "parent_mb": peak_of_this_process(),
    }
    from quire.ingest.pool import POOL

    POOL.close()
    yield {"worker_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024}


def peak_of_this_process() -> float:
    """MB held at most since this program started.

    `getrusage` would tell the peak of whoever started it, if that one was larger.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    [kilobytes] = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(kilobytes) / 1024


def run(folder: Path, state: Path | None, limits: dict[str, float]) -> dict[str, Any]:
    """What the reading process told, until its end."""
    command = [sys.executable, __file__, "--inner", str(folder.absolute())]
    command += [f"--state={state}"] if state else []
    command += [f"--limit={name}={value:g}" for name, value in limits.items()]
    files: dict[str, list[dict[str, Any]]] = {path: [] for path in every_file(folder.absolute())}
    result: dict[str, Any] = {"files": files}
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for line in process.stdout:
            event = json.loads(line)
            if "path" in event:
                files.setdefault(event.pop("path"), []).append(event)
            else:
                result.update(event)
    result["died"] = process.returncode != 0
    result["unclassified"] = [
        path for path, ends in files.items() if len(ends) != 1 or ends[0]["outcome"] not in OUTCOMES
    ]
    if state is not None and not result["died"]:
        settled = {
            end.pop("id"): {
                **end,
                "outcome": INDEXED if end["outcome"] == UNCHANGED else end["outcome"],
            }
            for [end] in files.values()
            if end["id"]
        }
        state.parent.mkdir(parents=True, exist_ok=True)
        state.write_text(json.dumps(settled))
    return result


def report(result: dict[str, Any]) -> Iterator[str]:
    """The table of outcomes, then what is not as usual."""
    ends = [(path, end) for path, all_ends in result["files"].items() for end in all_ends]
    counts = Counter(end["outcome"] for _, end in ends)
    pages = sum(end.get("pages", 0) for _, end in ends if end["outcome"] == INDEXED)
    lost = sum(end.get("lost", 0) for _, end in ends if end["outcome"] == INDEXED)
    for name in OUTCOMES:
        more = f" ({pages} pages, {lost} pages lost)" if name == INDEXED else ""
        yield f"{counts[name]:6}  {name}{more}"
    for path, end in sorted(ends):
        if end["outcome"] not in (INDEXED, UNCHANGED):
            yield f"        {os.path.basename(path)}: {end['outcome']}: {end['reason']}"
    yield f"{len(result['files']):6}  files, {len(result['unclassified'])} without an outcome"
    if result["died"]:
        yield "The reading process died."
    else:
        yield (
            f"{result['seconds']:.1f} s, {pages / max(result['seconds'], 1e-3):.1f} pages/s; peak "
            f"memory {result['parent_mb']:.0f} MB, of a worker {result['worker_mb']:.0f} MB"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--limit", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--inner", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    limits = {name: float(value) for name, _, value in (one.partition("=") for one in given.limit)}
    if given.inner:
        known = json.loads(given.state.read_text()) if given.state and given.state.exists() else {}
        for line in told(given.folder, known, Limits(**limits)):  # type: ignore[arg-type]
            print(json.dumps(line), flush=True)
        return 0
    result = run(given.folder, given.state, limits)
    print(json.dumps(result, indent=2) if given.json else "\n".join(report(result)))
    return 1 if result["died"] or result["unclassified"] else 0


if __name__ == "__main__":
    sys.exit(main())
