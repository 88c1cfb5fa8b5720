"""What a library says about itself, and whose vectors it holds."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from quire.ingest.options import Engine, Reading
from quire.ingest.version import engine_version

from ..encode.protocol import PageEncoder
from ..errors import NotALibrary, WrongLibrary
from .kinds import DEFAULT_CODES, check_kinds
from .layout import Layout
from .making import USUAL, Making
from .pooling import WHOLE, Pooling
from .sides import PIXELS, Side, check_side

FORMAT = 4


@dataclass(frozen=True)
class Manifest:
    """Written once, when the library is made.

    fingerprint: of the encoder; vectors of another one are refused.
    encoder: everything that changes a vector, as the encoder says it of itself.
    dim, dense_dim: dimensions of a row and of a page's one vector.
    engine, rows, codes, pooling: as in `Making`.
    """

    format: int
    fingerprint: str
    encoder: dict[str, Any]
    dim: int
    dense_dim: int
    created: str
    engine: Engine = "auto"
    rows: Side = PIXELS
    codes: tuple[str, ...] = DEFAULT_CODES
    pooling: Pooling = WHOLE

    @classmethod
    def of(cls, encoder: PageEncoder, making: Making = USUAL) -> "Manifest":
        return cls(
            format=FORMAT,
            fingerprint=_fingerprint(encoder, making),
            encoder={**encoder.describe(), **_renderer(making.engine)},
            dim=encoder.dim,
            dense_dim=max(encoder.dense_dims),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            engine=making.engine,
            rows=making.rows,
            codes=making.codes,
            pooling=making.pooling,
        )

    @property
    def making(self) -> Making:
        return Making(self.engine, self.rows, self.codes, self.pooling)

    def accept(self, encoder: PageEncoder, root: Path) -> None:
        """Raise WrongLibrary if vectors of `encoder` cannot be compared with those in here."""
        other = _fingerprint(encoder, self.making)
        if other == self.fingerprint:
            return
        raise WrongLibrary(
            f"the library {root} holds vectors of {_named(self.encoder, self.fingerprint)}, and "
            f"they cannot be compared with those of "
            f"{_named(encoder.describe(), other)}: open it with the encoder that "
            "made it, or index into another folder"
        )

    def accept_rows(self, rows: Side | None, root: Path) -> None:
        """Raise WrongLibrary if other rows than those in here are asked for."""
        if rows is not None and check_side(rows) != self.rows:
            raise WrongLibrary(
                f"the pages of {root} are encoded by rows={self.rows!r}, not {rows!r}, and "
                "cannot be compared: leave the rows out, or index into a new folder"
            )

    def accept_shape(
        self, codes: Sequence[str] | None, pooling: Pooling | None, root: Path
    ) -> None:
        """Raise WrongLibrary if other codes or another pooling than those in here are asked for."""
        if codes is not None and check_kinds(codes) != self.codes:
            raise WrongLibrary(
                f"{root} keeps codes {', '.join(self.codes) or 'of no kind'}, not "
                f"{', '.join(codes)}: leave the codes out, or index into a new folder"
            )
        if pooling is not None and pooling != self.pooling:
            raise WrongLibrary(
                f"pages of {root} keep {self.pooling}, not {pooling}: leave the pooling out, or "
                "index into a new folder"
            )

    def reading(self, how: Reading | None, root: Path) -> Reading:
        """How to read documents for this library. Raises WrongLibrary for another engine: pages
        drawn otherwise cannot be compared."""
        if how is None:
            return Reading(engine=self.engine)
        if how.engine != self.engine:
            raise WrongLibrary(
                f"the PDFs of {root} are drawn with engine={self.engine!r}, not {how.engine!r}, "
                "and cannot be compared: leave the engine out, or index into a new folder"
            )
        return how


def _renderer(engine: Engine) -> dict[str, str]:
    """What the encoder's description gets wrong, because it names the usual library."""
    return {"renderer": engine_version(engine)} if engine == "pypdfium2" else {}


def _fingerprint(encoder: PageEncoder, making: Making) -> str:
    """The encoder's own; another one where other than the usual library draws the pages, where
    rows are made of text, or where not all of them are kept."""
    changed = [*_renderer(making.engine).values()]
    if making.rows != PIXELS:
        changed.append(f"rows of {making.rows}")
    if making.pooling != WHOLE:
        changed.append(str(making.pooling))
    if not changed:
        return encoder.fingerprint
    return hashlib.sha256(" ".join([encoder.fingerprint, *changed]).encode()).hexdigest()[:16]


def _named(encoder: dict[str, Any], fingerprint: str) -> str:
    return f"{encoder.get('name', 'an encoder')} (fingerprint {fingerprint})"


def write_manifest(layout: Layout, manifest: Manifest) -> None:
    """Write it whole or not at all, also when the power fails."""
    text = json.dumps(asdict(manifest), indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    draft = layout.manifest_draft
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(layout.manifest)
    folder = os.open(layout.root, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def manifest_of(fields: Mapping[str, Any]) -> Manifest:
    """From what `asdict` gave, by way of JSON. Raises ValueError, KeyError or TypeError."""
    pooling = Pooling(**fields.get("pooling", {}))
    codes = tuple(fields.get("codes", DEFAULT_CODES))
    return Manifest(**{**fields, "codes": codes, "pooling": pooling})


def read_manifest(layout: Layout) -> Manifest:
    """Raises NotALibrary, saying which of the ways to be none this folder is."""
    root = layout.root
    if not root.exists():
        raise NotALibrary(f"no library at {root}: index documents into it first, or check the path")
    if not root.is_dir():
        raise NotALibrary(f"{root} is a file, and a library is a folder: name another path")
    if not layout.manifest.exists():
        if layout.tables.exists():
            raise NotALibrary(
                f"{root} is a library that was never finished: index into it again, and it is "
                "made anew (nothing was stored in it yet)"
            )
        raise NotALibrary(
            f"{root} is a folder, but no library (it has no {layout.manifest.name}): "
            "check the path, or index documents into a new folder"
        )
    try:
        fields = json.loads(layout.manifest.read_text(encoding="utf-8"))
        version = fields["format"]
        if version == FORMAT:
            return manifest_of(fields)
    except (ValueError, KeyError, TypeError) as error:
        raise NotALibrary(
            f"{layout.manifest} is damaged ({error}): restore it from a copy, "
            "or index the documents into a new folder"
        ) from error
    raise NotALibrary(
        f"{root} has library format {version!r} and this quire reads {FORMAT}: "
        "use the quire that made it, or index the documents into a new folder"
    )
