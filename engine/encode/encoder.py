"""The encoder: texts and pages in, vectors out."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from PIL import Image

from quire.adapters.tasks import check_task
from quire.ingest import Page, PixelBudget, engine_version

from ..errors import EncodeError
from .batching import batches
from .checkpoint import Checkpoint, load_checkpoint
from .families.refused import refuse
from .forward import forward
from .guest import is_guest
from .items import check_instruction, check_items, length_of, sequence_of
from .protocol import Kind, Parts, Vectors
from .shaping import shaped
from .source import find_source
from .spans import Span, query_spans

TOKENS_PER_BATCH = {"cpu": 4096, "cuda": 65536}
# Where weights came from, and in what numbers they are multiplied: neither parts libraries. Rows of
# bfloat16 differ from those of float32 by rounding (half of them by less than 0.0002 of a cosine,
# one in a hundred by more than 0.01) and are searched together with them, so that what a GPU
# indexed is searched on a CPU. On 137 pages of scans and slides quire-mini had nDCG@10 .532 in
# float32 and .524 with all or half of the pages in bfloat16 (15 questions, 25 November 2026).
_APART = ("source", "revision", "precision")


class Encoder:
    """Turns queries, texts and pictures of pages into dense vectors and multi-vectors.

    Holds a native class of transformers; build it with `Encoder.load`. Not to be shared between
    threads: tasks are switched in place. A model with one kind of vector alone gives the other
    too, so that a library can hold both: rows are then the dense vector as one row, and a dense
    vector is the mean of the rows.
    """

    def __init__(self, checkpoint: Checkpoint, device: str) -> None:
        self._checkpoint, self.device = checkpoint, device

    @classmethod
    def load(
        cls,
        name_or_path: str = "quire-mini",
        *,
        device: str | None = None,
        revision: str | None = None,
        family: str | None = None,
        dtype: str | None = None,
        max_pixels: int | None = None,
        max_text: int | None = None,
        local_files_only: bool = False,
    ) -> "Encoder":
        """The model of a name or folder, on CUDA if there is one, else the CPU.

        `quire-mini` comes with the package, a folder is read as it is, and `owner/name` is fetched
        from the Hugging Face hub at `revision`, unless `local_files_only` or HF_HUB_OFFLINE=1 say
        no. What is in a folder is seen from its files; `family` says it where they do not. `dtype`
        is "float32" (what a CPU does if not told otherwise), "bfloat16" (what most published models
        run in on CUDA), or "auto": bfloat16 wherever that is quicker, as on a CPU with AMX. Rows
        then differ by rounding, and can be searched together. `max_pixels` of a picture and
        `max_text` in tokens stand in for the model's own limits; they change vectors, and so the
        fingerprint.

        Never runs code out of a checkpoint. Raises `EncodeError` for an unknown or refused name,
        a missing file, and a tensor that is missing, left over, all zero, not finite or of another
        shape; `AdapterError` for an adapter that does not fit its base.
        """
        import torch

        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        if is_guest(name_or_path):
            raise EncodeError(
                f"{name_or_path!r} is run by sentence-transformers and makes no Encoder: load it "
                "with quire.engine.load_encoder"
            )
        if family is None:
            refuse(name_or_path)
        checkpoint = load_checkpoint(
            find_source(name_or_path, revision, local_files_only=local_files_only),
            device,
            family=family,
            dtype=dtype,
            max_pixels=max_pixels,
            max_text=max_text,
            local_files_only=local_files_only,
        )
        return cls(checkpoint, device)

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
    def most_rows(self) -> int:
        """Rows of a page that a library keeps if nothing else is asked for; 0: all of them."""
        return self._checkpoint.family.most_rows

    @property
    def tasks(self) -> tuple[str, ...]:
        """Tasks that there are weights for."""
        return self._checkpoint.tasks

    def describe(self) -> dict[str, Any]:
        """Everything that changes a vector, and where the weights came from, as JSON values."""
        checkpoint = self._checkpoint
        told = {**checkpoint.family.describe(), "weights": checkpoint.weights}
        more = {
            "files": checkpoint.files,
            "source": checkpoint.source.name,
            "revision": checkpoint.source.revision,
        }
        return {**told, **{k: v for k, v in more.items() if v}, "renderer": engine_version()}

    @property
    def fingerprint(self) -> str:
        """16 hex digits of `describe()`: vectors of equal fingerprints can be compared.

        Weights and files count by what they hold, so a copy of a revision in a folder of one's own
        has the fingerprint of that revision.
        """
        told = {k: v for k, v in self.describe().items() if k not in _APART}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]

    def encode_query(
        self,
        texts: str | Sequence[str],
        *,
        task: str | Sequence[str] = "retrieval",
        vectors: Kind = "multi",
        truncate_dim: int | None = None,
        instruction: str | None = None,
        batch_size: int | None = None,
        show_progress_bar: bool = False,
    ) -> Any:
        """Vectors of questions. One in, one out; a list in, a list (or [n, dim]) out, in order.

        `multi`: float32 [rows, dim]; rows have unit length, or, where the model learned it, the
        length that says how much a row counts. `dense`: float32 [dim], unit length, cut to
        `truncate_dim` if given. `sparse`: token id -> weight, of models that weigh words. `both`:
        `Vectors`. `task` is one for all, or one for each. `instruction` replaces the model's own,
        where it has one. Text longer than the model reads is cut, and the log says so. Raises
        `UnknownTask` for a task without weights.
        """
        single = isinstance(texts, str)
        items = [texts] if isinstance(texts, str) else list(texts)
        for text in items:
            if not isinstance(text, str):
                raise EncodeError(f"a query is text, not {type(text).__name__}: pass str")
        out = self._run(items, "query", task, instruction, batch_size, show_progress_bar)
        return shaped(self._checkpoint.family, out, single, vectors, truncate_dim)

    def query_spans(self, text: str, *, task: str = "retrieval") -> list[Span | None]:
        """Which letters of a question each row of its multi-vector stands for: text[start:end].

        None for rows of the template and of special tokens: they explain nothing.
        """
        return query_spans(self._checkpoint, text, check_task(task, self.tasks, self.name))

    def encode_document(
        self,
        items: str | Image.Image | Page | Parts | Sequence[str | Image.Image | Page | Parts],
        *,
        task: str | Sequence[str] = "retrieval",
        vectors: Kind = "multi",
        truncate_dim: int | None = None,
        instruction: str | None = None,
        batch_size: int | None = None,
        show_progress_bar: bool = False,
    ) -> Any:
        """Vectors of pages (`Page` or picture) and of passages (text; never a path or address).

        Returns as `encode_query` does; all rows have unit length. Mixed lists are fine. `Parts`
        are several pictures and texts that make one document, for models that read such. A model
        that reads text alone takes the text layer of a `Page`.
        """
        single = isinstance(items, (str, Image.Image, Page, Parts))
        listed: list[Any] = [items] if single else list(items)  # type: ignore[arg-type]
        check_items(listed, self._checkpoint)
        out = self._run(listed, "document", task, instruction, batch_size, show_progress_bar)
        return shaped(self._checkpoint.family, out, single, vectors, truncate_dim)

    def similarity(
        self, a: Float[np.ndarray, "*n dim"], b: Float[np.ndarray, "m dim"]
    ) -> Float[np.ndarray, "*n m"]:
        """Cosines of dense vectors (which have unit length), in [-1, 1]."""
        cosines: Float[np.ndarray, "*n m"] = np.asarray(a) @ np.asarray(b).T
        return cosines

    def _run(
        self,
        items: list[Any],
        role: str,
        task: str | Sequence[str],
        instruction: str | None,
        batch_size: int | None,
        progress: bool,
    ) -> list[Vectors]:
        import torch

        checkpoint, count = self._checkpoint, len(items)
        tasks = [task] * count if isinstance(task, str) else list(task)
        if len(tasks) != count:
            raise EncodeError(f"{len(tasks)} tasks for {count} items: pass one, or one for each")
        for one in dict.fromkeys([task] if isinstance(task, str) else tasks):
            check_task(one, self.tasks, self.name)
        check_instruction(checkpoint, role, instruction)
        out: list[Vectors | None] = [None] * count
        budget = TOKENS_PER_BATCH["cuda" if self.device.startswith("cuda") else "cpu"]
        lengths = [length_of(item, checkpoint) for item in items] if count > 1 else [1] * count
        with torch.inference_mode():
            for batch in _tracked(list(batches(lengths, budget, batch_size)), progress):
                own = [tasks[i] for i in batch]
                sequences = [
                    sequence_of(items[i], checkpoint, role, t, instruction)
                    for i, t in zip(batch, own, strict=True)
                ]
                vectors = forward(checkpoint, self.device, sequences, own, role == "query")
                for index, vector in zip(batch, vectors, strict=True):
                    out[index] = vector
        return [v for v in out if v is not None]


def _tracked(batches: list[list[int]], show: bool) -> Iterator[list[int]]:
    if not show:
        yield from batches
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(batches, "Encoding", console=Console(stderr=True))
