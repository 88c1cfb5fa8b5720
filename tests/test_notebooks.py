"""Every notebook runs from a fresh kernel. The quickstart is kept without outputs, to be run; the
others are kept with theirs, so that they can be read without running anything."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

FOLDER = Path(__file__).parents[1] / "notebooks"
# Named, so that a notebook that has gone missing is a failure.
BARE = ["01_quickstart.ipynb"]
SHOWN = [
    "02_why_it_matched.ipynb",
    "03_answers_with_citations.ipynb",
    "04_size_speed_quality.ipynb",
]
NOTEBOOKS = BARE + SHOWN
LARGEST = 400_000  # bytes of a notebook with its pictures


def notebook(name: str) -> NotebookNode:
    read: NotebookNode = nbformat.read(FOLDER / name, as_version=4)  # type: ignore[no-untyped-call]
    return read


def code(name: str) -> list[NotebookNode]:
    return [cell for cell in notebook(name).cells if cell.cell_type == "code"]


def test_every_notebook_is_in_the_list() -> None:
    assert sorted(file.name for file in FOLDER.glob("*.ipynb")) == NOTEBOOKS


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_asserts_the_numbers_it_tells(name: str) -> None:
    assert any("assert" in cell.source for cell in code(name))


@pytest.mark.parametrize("name", BARE)
def test_a_notebook_is_kept_without_outputs(name: str) -> None:
    assert code(name)
    assert all(not cell.outputs and cell.execution_count is None for cell in code(name))


@pytest.mark.parametrize("name", SHOWN)
def test_a_notebook_is_kept_as_it_was_run_from_top_to_bottom(name: str) -> None:
    assert [cell.execution_count for cell in code(name)] == [*range(1, len(code(name)) + 1)]
    outputs = [output for cell in code(name) for output in cell.outputs]
    assert outputs and all(output.output_type != "error" for output in outputs)
    assert not [output for output in outputs if output.get("name") == "stderr"], "no warnings"
    assert (FOLDER / name).stat().st_size < LARGEST


@pytest.mark.slow
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_from_a_fresh_kernel(name: str) -> None:
    fresh, place = notebook(name), {"metadata": {"path": str(FOLDER)}}
    NotebookClient(fresh, timeout=600, kernel_name="python3", resources=place).execute()
    kinds = {
        kind
        for cell in fresh.cells
        for output in cell.get("outputs", [])
        for kind in output.get("data", {})
    }
    assert kinds & {"image/png", "image/jpeg"}, "no page was shown"
