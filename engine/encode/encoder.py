"""The encoder: texts and pages in, vectors out."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from PIL import Image

from quire.adapters.lora import using
from quire.adapters.tasks import check_task
from quire.ingest import Page, PixelBudget, engine_version

from ..errors import EncodeError
from .batching import batches
from .checkpoint import Checkpoint, find_folder, load_checkpoint
from .forward import forward
from .images import blank_cells, patches, to_array
from .pooling import truncate
from .protocol import Kind, Vectors
from .sequence import Sequence as Tokens
from .sequence import page_sequence, text_sequence

log = logging.getLogger(__name__)
TOKENS_PER_BATCH = {"cpu": 4096, "cuda": 65536}


class Encoder:
    """Turns queries, texts and pictures of pages into dense vectors and multi-vectors.

    Holds a native `Qwen2_5_VLModel`; build it with `Encoder.load`. Runs in float32 on a CPU and
    in bfloat16 on CUDA. Not to be shared between threads: tasks are switched in place.
    """

    def __init__(self, checkpoint: Checkpoint, device: str) -> None:
        self._checkpoint, self.device = checkpoint, device
        self._image_token = checkpoint.tokenizer.token_to_id(checkpoint.family.image_token)

    @classmethod
    def load(
        cls,
        name_or_path: str = "quire-mini",
        *,
        device: str | None = None,
        revision: str | None = None,
    ) -> "Encoder":
        """The model of a name (`quire-mini`) or folder, on CUDA if there is one, else the CPU.

        Never reaches for the network and never runs code out of a checkpoint. Raises
        `EncodeError` for an unknown name and for a file with a missing, left-over, all-zero or
        non-finite tensor.
        """
        import torch

        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        return cls(load_checkpoint(find_folder(name_or_path, revision), device), device)

    @property
    def name(self) -> str:
        return self._checkpoint.family.name

    @property
    def budget(self) -> PixelBudget:
        """Pixels that a page is to be drawn with."""
        return self._checkpoint.family.budget

    @property
    def dim(self) -> int:
        """Numbers in a row of a multi-vector."""
        return self._checkpoint.family.rows

    @property
    def dense_dims(self) -> tuple[int, ...]:
        """Lengths that dense vectors can have, the full one first."""
        return self._checkpoint.family.dims

    @property
    def tasks(self) -> tuple[str, ...]:
        """Tasks that there are weights for."""
        return self._checkpoint.tasks

    def describe(self) -> dict[str, Any]:
        """Everything that changes a vector, as JSON values."""
        family = self._checkpoint.family.describe()
        return {**family, "weights": self._checkpoint.hash, "renderer": engine_version()}

    @property
    def fingerprint(self) -> str:
        """16 hex digits of `describe()`: vectors of equal fingerprints can be compared."""
        text = json.dumps(self.describe(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def encode_query(
        self,
        texts: str | Sequence[str],
        *,
        task: str = "retrieval",
        vectors: Kind = "multi",
        truncate_dim: int | None = None,
        batch_size: int | None = None,
        show_progress_bar: bool = False,
    ) -> Any:
        """Vectors of questions. One in, one out; a list in, a list (or [n, dim]) out, in order.

        `multi`: float32 [rows, dim]; rows have unit length, or, where the model learned it, the
        length that says how much a row counts. `dense`: float32 [dim], unit length, cut to
        `truncate_dim` if given. `both`: `Vectors`. Text longer than the model reads is cut, and
        the log says so. Raises `UnknownTask` for a task without weights.
        """
        single = isinstance(texts, str)
        items = [texts] if isinstance(texts, str) else list(texts)
        for text in items:
            if not isinstance(text, str):
                raise EncodeError(f"a query is text, not {type(text).__name__}: pass str")
        family, tokenizer = self._checkpoint.family, self._checkpoint.tokenizer

        def prepare(index: int) -> Tokens:
            return text_sequence(tokenizer, family, family.query, items[index])

        lengths = [self._length(text) for text in items]
        out = self._run(prepare, lengths, task, batch_size, show_progress_bar, True)
        return self._shape(out, single, vectors, truncate_dim)

    def encode_document(
        self,
        items: str | Image.Image | Page | Sequence[str | Image.Image | Page],
        *,
        task: str = "retrieval",
        vectors: Kind = "multi",
        truncate_dim: int | None = None,
        batch_size: int | None = None,
        show_progress_bar: bool = False,
    ) -> Any:
        """Vectors of pages (`Page` or picture) and of passages (text; never a path or address).

        Returns as `encode_query` does; all rows have unit length. Mixed lists are fine.
        """
        single = isinstance(items, (str, Image.Image, Page))
        listed: list[Any] = [items] if single else list(items)  # type: ignore[arg-type]
        for item in listed:
            if not isinstance(item, (str, Image.Image, Page)):
                raise EncodeError(
                    f"a document is text, a PIL picture or a Page, not {type(item).__name__}"
                )

        lengths = [self._length(item) for item in listed]
        out = self._run(
            lambda i: self._document(listed[i]), lengths, task, batch_size, show_progress_bar, False
        )
        return self._shape(out, single, vectors, truncate_dim)

    def similarity(
        self, a: Float[np.ndarray, "*n dim"], b: Float[np.ndarray, "m dim"]
    ) -> Float[np.ndarray, "*n m"]:
        """Cosines of dense vectors (which have unit length), in [-1, 1]."""
        cosines: Float[np.ndarray, "*n m"] = np.asarray(a) @ np.asarray(b).T
        return cosines

    def _length(self, item: str | Image.Image | Page) -> int:
        """About how many tokens an item will have, before it is prepared."""
        if isinstance(item, str):
            return len(item) // 3 + 8
        picture = _picture(item)
        pixels = min(picture.width * picture.height, self.budget.max_pixels)
        return pixels // self.budget.factor**2 + 8

    def _document(self, item: str | Image.Image | Page) -> Tokens:
        checkpoint = self._checkpoint
        family = checkpoint.family
        if isinstance(item, str):
            return text_sequence(checkpoint.tokenizer, family, family.document, item)
        pixels = to_array(_picture(item), family.budget)
        side = family.budget.factor
        return page_sequence(
            checkpoint.tokenizer,
            family,
            self._image_token,
            (pixels.shape[0] // side, pixels.shape[1] // side),
            blank_cells(pixels),
            patches(pixels, checkpoint.mean, checkpoint.std),
        )

    def _run(
        self,
        prepare: Callable[[int], Tokens],
        lengths: Sequence[int],
        task: str,
        batch_size: int | None,
        progress: bool,
        query: bool,
    ) -> list[Vectors]:
        import torch

        task = check_task(task, self.tasks, self.name)
        out: list[Vectors | None] = [None] * len(lengths)
        budget = TOKENS_PER_BATCH["cuda" if self.device.startswith("cuda") else "cpu"]
        with torch.inference_mode(), using(self._checkpoint.model, task):
            for batch in _tracked(list(batches(lengths, budget, batch_size)), progress):
                sequences = [prepare(i) for i in batch]
                vectors = forward(self._checkpoint, self.device, sequences, query)
                for index, vector in zip(batch, vectors, strict=True):
                    out[index] = vector
        return [v for v in out if v is not None]

    def _shape(
        self, out: list[Vectors], single: bool, vectors: Kind, truncate_dim: int | None
    ) -> Any:
        if vectors not in ("multi", "dense", "both"):
            raise EncodeError(f"vectors={vectors!r}: choose 'multi', 'dense' or 'both'")
        if vectors == "multi":
            found: Any = [v.multi for v in out]
        elif vectors == "both":
            found = [
                Vectors(v.multi, truncate(v.dense, truncate_dim, self.dense_dims), v.cells, v.grid)
                for v in out
            ]
        else:
            width = truncate_dim or self.dense_dims[0]
            stacked = np.stack([v.dense for v in out]) if out else np.zeros((0, width), np.float32)
            found = truncate(stacked, truncate_dim, self.dense_dims)
        return found[0] if single else found


def _picture(item: Image.Image | Page) -> Image.Image:
    return item.image if isinstance(item, Page) else item


def _tracked(batches: list[list[int]], show: bool) -> Iterator[list[int]]:
    if not show:
        yield from batches
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(batches, "Encoding", console=Console(stderr=True))
