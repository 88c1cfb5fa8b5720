"""Several processes hold one set of gradients."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from quire.adapters.read.parallel import Team

PROGRAM = """
import json
from pathlib import Path
import torch
from quire.adapters.read.parallel import Team
team = Team.join()
weight, bias = torch.nn.Parameter(torch.zeros(2, 2)), torch.nn.Parameter(torch.zeros(3))
weight.grad, bias.grad = torch.full((2, 2), float(team.rank)), torch.ones(3) * 4
team.average([weight, bias])
team.wait()
seen = [team.size, weight.grad.tolist(), bias.grad.tolist(), team.any(team.rank == 1), team.leads]
Path(f"{team.rank}.json").write_text(json.dumps(seen))
"""


def test_alone_nothing_changes() -> None:
    team, weight = Team(), torch.nn.Parameter(torch.zeros(2))
    weight.grad = torch.tensor([1.0, 2.0])
    team.average([weight])
    assert weight.grad.tolist() == [1, 2]
    assert (team.any(True), team.any(False), team.leads) == (True, False, True)


@pytest.mark.slow
def test_two_processes_average_and_agree(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    launch = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
    ]
    done = subprocess.run(
        [*launch, "program.py"], cwd=tmp_path, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    seen = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1)]
    mean = [2, [[0.5, 0.5], [0.5, 0.5]], [4.0, 4.0, 4.0], True]
    assert seen == [[*mean, True], [*mean, False]]
