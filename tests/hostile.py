"""Reads every file of a folder, as indexing would, and tells how each ended.

    python tests/hostile.py FOLDER [--state FILE] [--limit NAME=VALUE ...] [--jobs N] [--ocr WHEN]

No encoder and no library: only the reading, in a process of its own, so that even its death is
noticed, and a silence longer than any limit allows. `--jobs` documents are read side by side, one
for each core if not given. With a state file a second run passes over what the first has settled.
Exit code 0 when every file has exactly one outcome, 1 when one has none, or the process died.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from quire.ingest import Limits, PixelBudget, ReadFailed, Reading, Source, find, read
from quire.ingest.outcome import INDEXED, OUTCOMES, UNCHANGED, outcome

BUDGET = PixelBudget(max_pixels=1_500_000, min_pixels=3_136, factor=28)


def every_file(folder: Path) -> list[str]:
    """Everything that is no folder, hidden or not: files, pipes, sockets, devices, links to files
    and to nowhere. Links to folders are not followed."""
    found, folders = [], [os.path.abspath(folder)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif not os.path.isdir(entry.path):
                    found.append(entry.path)
    return sorted(found)


def settle(source: Source, limits: Limits, how: Reading) -> dict[str, Any]:
    """Read all pages of one document."""
    try:
        opened = read(source, BUDGET, limits, how=how)
    except ReadFailed as failed:
        return {"outcome": outcome(failed.failure), "reason": failed.failure.reason}
    pages, lost, engines = 0, [], Counter[str]()
    with opened:
        while True:
            try:
                page = next(opened)
            except StopIteration:
                break
            except ReadFailed as failed:
                lost.append(failed.failure)
                if failed.failure.page is None:
                    pages = 0
                    break
            else:
                pages += 1
                engines[page.engine.split()[0]] += 1
            _tell({})  # a sign of life
    if not pages:
        return {"outcome": outcome(lost[-1]), "reason": lost[-1].reason}
    return {"outcome": INDEXED, "pages": pages, "lost": len(lost), "engines": dict(engines)}


def _tell(event: dict[str, Any]) -> None:
    """One line in one write, so that those of several threads do not mix."""
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def tell_all(folder: Path, known: dict[str, Any], limits: Limits, how: Reading, jobs: int) -> None:
    """One line for each file, and last some about this process."""
    began = time.monotonic()
    found = find(every_file(folder), limits)
    for failure in found.failures:
        end = {"outcome": outcome(failure), "reason": failure.reason}
        _tell({"path": failure.path, "id": "", **end})
    new = []
    for source in found.documents:
        before = known.get(source.id)
        if before is None:
            new.append(source)
            continue
        line = {**before, **({"outcome": UNCHANGED} if before["outcome"] == INDEXED else {})}
        _tell_of(source, {**line, "again": True})
    with ThreadPoolExecutor(jobs) as pool:
        ends = {pool.submit(settle, source, limits, how): source for source in new}
        for end in as_completed(ends):
            _tell_of(ends[end], end.result())
    _tell({"seconds": time.monotonic() - began, "parent_mb": peak_of_this_process()})
    from quire.ingest.pool import POOL

    POOL.close()
    _tell({"worker_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024})


def _tell_of(source: Source, line: dict[str, Any]) -> None:
    for path in source.paths:
        _tell({"path": path, "id": source.id, **line})


def peak_of_this_process() -> float:
    """MB held at most since this program started.

    `getrusage` would tell the peak of whoever started it, if that one was larger.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    [kilobytes] = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(kilobytes) / 1024


def longest_silence(limits: Limits) -> float:
    """Seconds in which a living process tells something: two libraries may try to open a file
    that was converted, or to draw a page that was read off; hashing large files comes first."""
    tries = 2 * (limits.seconds_to_open + limits.seconds_per_page + limits.seconds_per_ocr)
    return limits.seconds_to_convert + tries + 120


def run(
    folder: Path, state: Path | None, limits: dict[str, float], jobs: int = 1, ocr: str = "auto"
) -> dict[str, Any]:
    """What the reading process told, until its end."""
    command = [sys.executable, __file__, "--inner", os.path.abspath(folder)]
    command += [f"--state={state}"] if state else []
    command += [f"--limit={name}={value:g}" for name, value in limits.items()]
    command += [f"--jobs={jobs}", f"--ocr={ocr}"]
    files: dict[str, list[dict[str, Any]]] = {path: [] for path in every_file(folder)}
    result: dict[str, Any] = {"files": files}
    patience = longest_silence(Limits(**limits))  # type: ignore[arg-type]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        watch = _watch(process, patience)
        for line in process.stdout:
            watch.cancel()
            watch = _watch(process, patience)
            event = json.loads(line)
            if "path" in event:
                files.setdefault(event.pop("path"), []).append(event)
            else:
                result.update(event)
        watch.cancel()
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


def _watch(process: "subprocess.Popen[bytes]", seconds: float) -> threading.Timer:
    """Ends a process that hangs: that counts as its death."""
    timer = threading.Timer(seconds, process.kill)
    timer.daemon = True
    timer.start()
    return timer


def report(result: dict[str, Any]) -> Iterator[str]:
    """The table of outcomes, then what is not as usual. Names are shown as one line of text."""
    ends = [(path, end) for path, all_ends in result["files"].items() for end in all_ends]
    counts = Counter(end["outcome"] for _, end in ends)
    pages = sum(end.get("pages", 0) for _, end in ends if end["outcome"] == INDEXED)
    lost = sum(end.get("lost", 0) for _, end in ends if end["outcome"] == INDEXED)
    for name in OUTCOMES:
        more = f" ({pages} pages, {lost} pages lost)" if name == INDEXED else ""
        yield f"{counts[name]:6}  {name}{more}"
    for path, end in sorted(ends, key=lambda told: told[0]):
        if end["outcome"] not in (INDEXED, UNCHANGED):
            yield _plain(f"        {os.path.basename(path)}: {end['outcome']}: {end['reason']}")
    for path in sorted(result["unclassified"]):
        ways = [end["outcome"] for end in result["files"][path]]
        yield _plain(f"        {path}: ends in {', '.join(ways) or 'nothing'}")
    yield f"{len(result['files']):6}  files, {len(result['unclassified'])} without an outcome"
    if result["died"]:
        yield "The reading process died."
    else:
        yield (
            f"{result['seconds']:.1f} s, {pages / max(result['seconds'], 1e-3):.1f} pages/s; peak "
            f"memory {result['parent_mb']:.0f} MB, of a worker {result['worker_mb']:.0f} MB"
        )


def _plain(text: str) -> str:
    """On one line, whatever stands in a file's name, and printable on any terminal."""
    shown = text.encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in shown)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--limit", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), metavar="N")
    parser.add_argument("--ocr", choices=("auto", "always", "never"), default="auto")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--inner", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    limits = {name: float(value) for name, _, value in (one.partition("=") for one in given.limit)}
    if given.inner:
        known = json.loads(given.state.read_text()) if given.state and given.state.exists() else {}
        bounds, how = Limits(**limits), Reading(ocr=given.ocr)  # type: ignore[arg-type]
        tell_all(given.folder, known, bounds, how, given.jobs)
        return 0
    result = run(given.folder, given.state, limits, given.jobs, given.ocr)
    print(json.dumps(result, indent=2) if given.json else "\n".join(report(result)))
    return 1 if result["died"] or result["unclassified"] else 0


if __name__ == "__main__":
    sys.exit(main())
