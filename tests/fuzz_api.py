"""Sends a server whatever its own description allows, and much that it does not.

    python tests/fuzz_api.py [--examples 300] [--seed 1]

Serves a small library of a stand-in encoder and runs schemathesis over its /openapi.json: every
operation with its edge cases, then random requests, right ones and wrong ones. Ends with 1 when a
reply was a server error (500 or above), or when status, media type or body were not as described.
"""

import argparse
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

from serving import listening, opener

from quire.engine.serve.settings import Settings

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance"
)
# One client that never rests: it would soon be asked to slow down, and nothing would be tried.
SETTINGS = Settings(rate=1e6, burst=1_000_000, seconds_for_body=5)


def missing() -> str:
    """What to install; "" when nothing is missing."""
    found = importlib.util.find_spec("schemathesis")
    return "" if found else "schemathesis is not installed: pip install schemathesis"


def fuzz(folder: Path, examples: int, seed: int) -> "subprocess.CompletedProcess[str]":
    """Run it against a library in `folder`; at most `examples` random requests an operation."""
    with listening(opener(folder), SETTINGS) as (address, _):
        command = [
            *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"),
            *("run", f"{address}/openapi.json", "--checks", CHECKS),
            *("--phases", "examples,coverage,fuzzing", "--max-examples", str(examples)),
            *("--seed", str(seed), "--request-timeout", "60", "--suppress-health-check", "all"),
            *("--no-color", "--warnings", "off", "--continue-on-failure", "--no-shrink"),
        ]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if told := missing():
        sys.exit(told)
    with tempfile.TemporaryDirectory() as passing:
        done = fuzz(Path(passing), given.examples, given.seed)
    print(done.stdout, done.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
