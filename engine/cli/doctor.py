"""`quire doctor`: is everything here, and is the library whole?"""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any

import typer

from . import output
from .exits import REFUSED, UsageError
from .options import DEFAULT_LIBRARY, JsonOption

PACKAGES = ("torch", "transformers", "lancedb", "pyarrow", "pymupdf", "pillow", "numpy")

LICENCE_NOTE = (
    "PyMuPDF, which reads the PDFs, is under the AGPL 3.0: whoever passes on a program with it, or "
    "offers one over a network, must offer its source too or buy a licence from Artifex."
)


def doctor(
    at: Annotated[
        str | None, typer.Argument(metavar="[LIBRARY]", help="The library's folder.")
    ] = None,
    library: Annotated[
        str | None,
        typer.Option("--library", metavar="DIR", help=f"The same ({DEFAULT_LIBRARY} if present)."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model", metavar="NAME_OR_PATH", help="Look at the files of this model instead."
        ),
    ] = None,
    families: Annotated[
        bool, typer.Option("--families", help="Tell which published encoders load, and which not.")
    ] = False,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Mend the library from what is there; tells what had to go."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check the installation and the library, or a model, and say what is wrong."""
    if families:
        from ..encode.families.table import families_table

        if as_json:
            output.result_json({"families": families_table()})
        else:
            output.result(families_table())
        return
    problems: list[str] = []
    mended: list[str] = []
    if None not in (at, library) and at != library:
        raise UsageError(f"{at!r} and --library {library!r}: name one of them")
    library = library or at
    if model is not None:
        _model(model, library, problems, as_json=as_json)
        return
    versions = {"quire": version("quire"), "python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            problems.append(f"{package} is not installed: pip install {package}")
    versions["renderer"] = _renderer(problems)
    threads = _threads(problems)
    shelf: dict[str, Any] | None = None
    if library is not None or Path(DEFAULT_LIBRARY).is_dir():
        shelf = _library(library or DEFAULT_LIBRARY, problems, mended if repair else None)

    if as_json:
        output.result_json(
            {
                "versions": versions,
                "threads": threads,
                "library": shelf,
                "mended": mended,
                "problems": problems,
                "licence": LICENCE_NOTE,
            }
        )
    else:
        for name, text in versions.items():
            output.result(f"{name:<13} {text}")
        output.result(f"{'threads':<13} {threads} of {os.cpu_count()} processors")
        if shelf is None:
            output.result(f"{'library':<13} none at {DEFAULT_LIBRARY!r}: quire index makes one")
        else:
            output.result(
                f"{'library':<13} {shelf['path']}: {shelf['documents']} documents, "
                f"{shelf['pages']} pages"
            )
        for text in mended:
            output.result(f"Mended: {text}")
        output.result(LICENCE_NOTE)
    _end(problems, as_json=as_json)


def _model(name: str, library: str | None, problems: list[str], *, as_json: bool) -> None:
    """Look at a model, and at nothing else."""
    from .model import examine_model, rows_of
    from .progress import bar

    if library is not None:
        raise UsageError("--model and --library are looked at apart: call quire doctor twice")
    with bar("Reading", "bytes", as_json=as_json) as shown:
        told = examine_model(name, problems, shown.at)
    if as_json:
        output.result_json({"model": told, "problems": problems})
    else:
        for label, text in rows_of(told):
            output.result(f"{label:<13} {text}")
    _end(problems, as_json=as_json)


def _end(problems: list[str], *, as_json: bool) -> None:
    if not as_json:
        for problem in problems:
            output.note(f"Problem: {problem}")
        many = output.count(len(problems), "problem")
        output.result(f"{many} found." if problems else "No problem found.")
    if problems:
        raise typer.Exit(REFUSED)


def _threads(problems: list[str]) -> int | None:
    """How many threads torch computes with. Importing it here finds a broken install, too."""
    try:
        import torch
    except (ImportError, OSError) as error:
        problems.append(f"torch does not start ({error}): install it again")
        return None
    return torch.get_num_threads()


def _renderer(problems: list[str]) -> str:
    from quire.ingest.version import engine_version

    try:
        return engine_version()
    except Exception as error:
        problems.append(f"the PDF reader does not start ({error}): pip install --upgrade pymupdf")
        return "none"


def _library(path: str, problems: list[str], mended: list[str] | None) -> dict[str, Any]:
    """mended: gets what was mended; None to mend nothing."""
    from .opening import open_library

    try:
        opened = open_library(path, encoder=False)
        if mended is None:
            problems += opened.check()
        else:
            repairs = opened.repair()
            mended += repairs.done
            problems += repairs.left
        documents = opened.documents()
    except Exception as error:
        problems.append(str(error))
        return {"path": path, "documents": 0, "pages": 0}
    pages = sum(document.pages for document in documents)
    return {"path": path, "documents": len(documents), "pages": pages}
