"""Every notebook runs from a fresh kernel, and is kept without its outputs."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

FOLDER = Path(__file__).parents[1] / "notebooks"
# Named, so that a notebook that has gone missing is a failure.
NOTEBOOKS = ["01_quickstart.ipynb"]


def notebook(name: str) -> NotebookNode:
    read: NotebookNode = nbformat.read(FOLDER / name, as_version=4)  # type: ignore[no-untyped-call]
    return read


def test_every_notebook_is_in_the_list() -> None:
    assert sorted(file.name for file in FOLDER.glob("*.ipynb")) == NOTEBOOKS


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_kept_without_outputs(name: str) -> None:
    code = [cell for cell in notebook(name).cells if cell.cell_type == "code"]
    assert code
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    assert any("assert" in cell.source for cell in code), "a notebook asserts the numbers it tells"


@pytest.mark.slow
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_from_a_fresh_kernel(name: str) -> None:
    fresh, place = notebook(name), {"metadata": {"path": str(FOLDER)}}
    NotebookClient(fresh, timeout=600, kernel_name="python3", resources=place).execute()
    pictures = [
        kind
        for cell in fresh.cells
        for output in cell.get("outputs", [])
        for kind in output.get("data", {})
        if kind in ("image/png", "text/html")
    ]
    assert {"image/png", "text/html"} <= set(pictures), "no page was shown"
