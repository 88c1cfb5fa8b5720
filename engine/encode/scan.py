"""What is in weight files, one tensor at a time: a model of any size needs the memory of one."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import EncodeError
from .tensors import fault_of


@dataclass(frozen=True)
class Scanned:
    """One tensor of a file. `fault`: what is wrong with its values, None where nothing is."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    fault: str | None

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        total = 1
        for side in self.shape:
            total *= side
        return total


def scan(file: Path) -> Iterator[Scanned]:
    """The tensors of a safetensors file, or of a torch file (tensors alone, no code is run).

    Raises EncodeError for a file that is damaged or cut short, as soon as that is seen.
    """
    if file.suffix != ".safetensors":
        yield from _pickled(file)
        return
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="pt") as opened:
            for name in opened.keys():  # noqa: SIM118 - it is no dict
                yield _scanned(name, opened.get_tensor(name))
    except (SafetensorError, OSError) as error:
        raise EncodeError(
            f"{file} cannot be read ({error}): it is damaged or cut short, fetch it again"
        ) from error


def _pickled(file: Path) -> Iterator[Scanned]:
    import pickle

    import torch

    try:
        tensors = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    except (RuntimeError, OSError, EOFError, pickle.UnpicklingError) as error:
        raise EncodeError(
            f"{file} cannot be read as plain tensors ({type(error).__name__}): fetch the file again"
        ) from error
    for name, tensor in tensors.items():
        yield _scanned(name, tensor)


def _scanned(name: str, tensor: object) -> Scanned:
    shape: tuple[int, ...] = tuple(tensor.shape)  # type: ignore[attr-defined]
    kind = str(tensor.dtype).removeprefix("torch.")  # type: ignore[attr-defined]
    return Scanned(name, shape, kind, fault_of(name, tensor))
