"""The interface keeps to its own description, whatever is sent. `make soak` tries it for longer."""

from pathlib import Path

import fuzz_api
import pytest


@pytest.mark.slow
@pytest.mark.skipif(bool(fuzz_api.missing()), reason=fuzz_api.missing())
def test_no_request_that_can_be_made_up_is_a_server_error(tmp_path: Path) -> None:
    done = fuzz_api.fuzz(tmp_path, examples=8, seed=1)
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
    assert "No issues found" in done.stdout or "passed" in done.stdout
