"""Any `MultiVectorEncoder` or `SentenceTransformer` of sentence-transformers as an encoder."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32
from PIL import Image

from quire.adapters.tasks import RETRIEVAL, check_task
from quire.ingest import Page, PixelBudget, engine_version

from ..errors import EncodeError
from .guest import PREFIX, load_guest
from .prompt import readable
from .protocol import Kind, Vectors
from .source import Source, find_source

BATCH = 8  # items; sentence-transformers puts those of like length together
MAX_PIXELS = 1280 * 28 * 28  # of a page, before the model's own limit: what Qwen2-VL takes
MULTI, DENSE = "MultiVectorEncoder", "SentenceTransformer"


class GuestEncoder:
    """Gives what the model's own `encode_query` and `encode_document` give, as `Vectors`.

    Rows of a multi-vector model come as they are, and its dense vector is their mean; a dense
    model gives its vector as the only row. Dense vectors have unit length. A model that reads text
    alone takes the text layer of a `Page`. Which row looks at which part of a page is not known.
    Made by `load_encoder`.
    """

    def __init__(self, model: Any, kind: str, source: Source, weights: str) -> None:
        self._model, self._kind, self._weights = model, kind, weights
        self._source = source
        self.sees = bool(model.supports("image"))
        self.budget = PixelBudget(max_pixels=MAX_PIXELS, min_pixels=56 * 56, factor=28)

    @classmethod
    def load(
        cls,
        name_or_path: str,
        *,
        device: str | None = None,
        revision: str | None = None,
        local_files_only: bool = False,
    ) -> "GuestEncoder":
        """`name_or_path` with or without the prefix. Raises EncodeError for what cannot be loaded,
        and for a dense model whose vectors are not compared by their angle."""
        own = name_or_path.removeprefix(PREFIX)
        kind = _kind(find_source(own, revision, local_files_only=local_files_only).folder)
        model, source, weights = load_guest(
            kind, PREFIX + own, device, revision, local_files_only=local_files_only
        )
        if kind == DENSE and model.similarity_fn_name != "cosine":
            ends = type(list(model.children())[-1]).__name__
            if model.similarity_fn_name != "dot" or ends != "Normalize":
                raise EncodeError(
                    f"{own} compares vectors by {model.similarity_fn_name!r} and their lengths "
                    "matter; quire compares dense vectors by their angle alone: take another model"
                )
        if not model.get_embedding_dimension():
            raise EncodeError(f"{own} does not say how long its vectors are: take another model")
        return cls(model, kind, source, weights)

    @property
    def name(self) -> str:
        return PREFIX + (self._source.name or self._source.folder.name)

    @property
    def tasks(self) -> tuple[str, ...]:
        return (RETRIEVAL,)

    @property
    def dim(self) -> int:
        """Numbers in a row."""
        return int(self._model.get_embedding_dimension())

    @property
    def dense_dims(self) -> tuple[int, ...]:
        return (self.dim,)

    def describe(self) -> dict[str, Any]:
        """Everything that changes a vector, and where the weights came from, as JSON values."""
        told = {**self._changing(), "name": self.name}
        more = {"source": self._source.name, "revision": self._source.revision}
        return {**told, **{key: value for key, value in more.items() if value}}

    @property
    def fingerprint(self) -> str:
        """16 hex digits: vectors of equal fingerprints can be compared. Names are not in it."""
        text = json.dumps(self._changing(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _changing(self) -> dict[str, Any]:
        return {
            "kind": self._kind,
            "weights": self._weights,
            "rows": self.dim,
            "dims": list(self.dense_dims),
            "budget": asdict(self.budget),
            "renderer": engine_version(),
        }

    def encode_query(
        self, texts: str | Sequence[str], *, task: str = RETRIEVAL, vectors: Kind = "multi"
    ) -> Any:
        """Vectors of questions, with the model's own query prompt. See `Encoder.encode_query`."""
        single = isinstance(texts, str)
        items = [texts] if isinstance(texts, str) else list(texts)
        for text in items:
            if not isinstance(text, str):
                raise EncodeError(f"a query is text, not {type(text).__name__}: pass str")
        items = [readable(text) for text in items]
        return self._shaped(self._run(self._model.encode_query, items, task), single, vectors)

    def encode_document(self, items: Any, *, task: str = RETRIEVAL, vectors: Kind = "multi") -> Any:
        """Vectors of pages, pictures and texts. See `Encoder.encode_document`."""
        single = isinstance(items, (str, Image.Image, Page))
        listed = [items] if single else list(items)
        read = [self._readable(item) for item in listed]
        found: dict[int, Vectors] = {}
        for of in (str, Image.Image):  # one call each: a batch holds one kind of thing
            places = [i for i, item in enumerate(read) if isinstance(item, of)]
            out = self._run(self._model.encode_document, [read[i] for i in places], task)
            found |= dict(zip(places, out, strict=True))
        return self._shaped([found[i] for i in range(len(read))], single, vectors)

    def _readable(self, item: Any) -> str | Image.Image:
        if isinstance(item, Page):
            return item.image if self.sees else readable(item.text)
        if isinstance(item, Image.Image) and not self.sees:
            raise EncodeError(
                f"{self.name} reads text alone, and was given a picture: pass the text of it, or "
                "take a model that sees pages"
            )
        if not isinstance(item, (str, Image.Image)):
            raise EncodeError(
                f"a document is text, a PIL picture or a Page, not {type(item).__name__}"
            )
        return readable(item) if isinstance(item, str) else item.convert("RGB")

    def _run(self, encode: Any, items: list[Any], task: str) -> list[Vectors]:
        check_task(task, self.tasks, self.name)
        if not items:
            return []
        found = encode(
            items,
            batch_size=BATCH,
            show_progress_bar=False,
            convert_to_numpy=True,
            normalize_embeddings=self._kind == DENSE,
        )
        return [_vectors(np.atleast_2d(np.asarray(item, np.float32))) for item in found]

    def _shaped(self, out: list[Vectors], single: bool, vectors: Kind) -> Any:
        if vectors not in ("multi", "dense", "both"):
            raise EncodeError(f"vectors={vectors!r}: choose 'multi', 'dense' or 'both'")
        if vectors == "multi":
            found: Any = [v.multi for v in out]
        elif vectors == "both":
            found = out
        else:
            found = np.stack([v.dense for v in out]) if out else np.zeros((0, self.dim), np.float32)
        return found[0] if single else found


def _vectors(rows: Float32[np.ndarray, "rows dim"]) -> Vectors:
    mean = rows.mean(0)
    dense = mean / max(float(np.linalg.norm(mean)), 1e-12)
    return Vectors(rows, dense, np.full(len(rows), -1, np.int16), (0, 0))


def _kind(folder: Path) -> str:
    """Which class of sentence-transformers the files are for; as that package itself decides."""
    told: dict[str, Any] = {}
    for name in ("config.json", "config_sentence_transformers.json"):
        file = folder / name
        if file.is_file():
            told |= json.loads(file.read_text("utf-8"))
    built = told.get("architectures") or []
    multi = told.get("model_type") in (MULTI, "ColBERT") or "HF_ColBERT" in built
    return MULTI if multi else DENSE
