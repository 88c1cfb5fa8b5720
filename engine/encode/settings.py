"""What a checkpoint's own small files add to its family: sizes, limits, colours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from quire.adapters.halves import multiplies_halves
from quire.ingest.budget import PixelBudget

from ..errors import EncodeError
from .families.registry import read_json
from .family import Family

MOST_CELLS = 2**15 - 1  # rows tell which cell they look at in 16 bits
PRECISIONS = ("float32", "bfloat16")
AUTO = "auto"


@dataclass(frozen=True)
class Look:
    """Mean and standard deviation of each colour, as fractions of 255, and the limits of size."""

    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    min_pixels: int | None = None
    max_pixels: int | None = None


def look_of(folders: Sequence[Path], family: Family) -> Look:
    """Out of the first `preprocessor_config.json`; nothing for a family that reads text alone."""
    if not family.image_token:
        return Look()
    files = [folder / "preprocessor_config.json" for folder in folders]
    values = read_json(next((file for file in files if file.is_file()), files[0]))
    side = values.get("patch_size", 0) * values.get("merge_size", 0)
    if side != family.budget.factor:
        raise EncodeError(
            f"preprocessor_config.json in {folders[0]} makes cells of {side} pixels, and "
            f"{family.name} sees cells of {family.budget.factor}: it is another model's"
        )
    size = values.get("size") or {}
    return Look(
        tuple(values["image_mean"]),
        tuple(values["image_std"]),
        values.get("min_pixels") or size.get("shortest_edge") or size.get("min_pixels"),
        values.get("max_pixels") or size.get("longest_edge") or size.get("max_pixels"),
    )


def sized(
    family: Family,
    config: Any,
    values: Mapping[str, Any],
    rows: int,
    look: Look,
    max_pixels: int | None,
    max_text: int | None,
) -> Family:
    """The family with the sizes of this checkpoint. `values`: what config.json holds."""
    width = int(config.get_text_config().hidden_size)
    trained = values.get("matryoshka_dims") or []
    if family.dims:  # of quire.json
        dims = family.dims
    elif not family.pooling:
        dims = (rows,)
    elif family.dims_from:
        halves = [2**k for k in range(20, -1, -1) if family.dims_from <= 2**k < width]
        dims = (width, *halves)
    else:
        dims = (width, *sorted((d for d in trained if d < width), reverse=True))
    least, most = family.budget.min_pixels, family.budget.max_pixels
    if family.files_budget:
        least, most = look.min_pixels or least, look.max_pixels or most
    most = max_pixels or most
    if most // family.budget.factor**2 > MOST_CELLS:
        raise EncodeError(
            f"max_pixels={most}: a page would have more than {MOST_CELLS} rows; choose at most "
            f"{MOST_CELLS * family.budget.factor**2}"
        )
    places = getattr(config.get_text_config(), "max_position_embeddings", family.max_text)
    if family.backbone == "xlm-roberta":
        places -= config.pad_token_id + 1
    return replace(
        family,
        dims=dims,
        rows=rows or width,
        budget=PixelBudget(
            max_pixels=most, min_pixels=min(least, most), factor=family.budget.factor
        ),
        max_text=min(max_text or family.max_text, places),
    )


def precision_of(family: Family, device: str, wanted: str | None) -> str:
    """What to run in: `wanted`, else the family's choice on CUDA and float32 on a CPU.

    "auto" is what is quickest: there bfloat16 on a CPU that multiplies such (Intel's AMX) too.
    """
    if wanted not in (None, AUTO, *PRECISIONS):
        raise EncodeError(f"dtype={wanted!r}: choose one of {', '.join((*PRECISIONS, AUTO))}")
    if wanted in PRECISIONS:
        return str(wanted)
    if device.startswith("cuda"):
        return family.precision
    return "bfloat16" if wanted == AUTO and multiplies_halves() else "float32"
