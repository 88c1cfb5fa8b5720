"""Models that sentence-transformers runs: an extra of quire, named with a prefix."""

from importlib import import_module
from pathlib import Path
from typing import Any

from ..errors import EncodeError
from .source import Source, find_source

PREFIX = "sentence-transformers:"
PACKAGE = "sentence_transformers"
INSTALL = 'pip install "quire[sentence-transformers]"'


def is_guest(name_or_path: str) -> bool:
    return name_or_path.startswith(PREFIX)


def load_guest(
    kind: str,
    name_or_path: str,
    device: str | None,
    revision: str | None = None,
    *,
    local_files_only: bool = False,
) -> tuple[Any, Source, str]:
    """The model of that class of sentence-transformers, where its files lie, and their hash.

    Files are found as those of other models are, then loaded from the folder: without network,
    without code out of the checkpoint, and from safetensors only. float32 on a CPU, as stored on
    CUDA. Raises EncodeError when the package is absent or cannot load the model.
    """
    try:
        package = import_module(PACKAGE)
    except ImportError as error:
        raise EncodeError(
            f"{name_or_path} needs sentence-transformers, which is not installed: {INSTALL}"
        ) from error
    import torch

    source = find_source(
        name_or_path.removeprefix(PREFIX), revision, local_files_only=local_files_only
    )
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    options: dict[str, Any] = {"use_safetensors": True}
    if not device.startswith("cuda"):
        options["dtype"] = "float32"
    try:
        model = getattr(package, kind)(
            str(source.folder),
            device=device,
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs=options,
        )
    except (OSError, ValueError, RuntimeError, ImportError, KeyError) as error:
        told = str(error).strip().split("\n")[0]
        raise EncodeError(
            f"sentence-transformers cannot load {source.folder} as a {kind} ({told}): "
            "is it a model of that kind, with weights in safetensors files?"
        ) from error
    return model.eval(), source, _hash(source.folder)


def _hash(folder: Path) -> str:
    """Of weights and settings: every file that can change a number, by its path in the folder."""
    import hashlib

    from .tensors import hash_files

    digest = hashlib.sha256()
    for file in sorted([*folder.rglob("*.safetensors"), *folder.rglob("*.json")]):
        digest.update(str(file.relative_to(folder)).encode())
        digest.update(hash_files([file]).encode())
    return digest.hexdigest()[:16]
