"""What a library says about itself, and whose vectors it holds."""

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..encode.protocol import PageEncoder
from ..errors import NotALibrary, WrongLibrary
from .layout import Layout

FORMAT = 1


@dataclass(frozen=True)
class Manifest:
    """Written once, when the library is made.

    fingerprint: of the encoder; vectors of another one are refused.
    encoder: everything that changes a vector, as the encoder says it of itself.
    dim, dense_dim: dimensions of a row and of a page's one vector.
    """

    format: int
    fingerprint: str
    encoder: dict[str, Any]
    dim: int
    dense_dim: int
    created: str

    @classmethod
    def of(cls, encoder: PageEncoder) -> "Manifest":
        return cls(
            format=FORMAT,
            fingerprint=encoder.fingerprint,
            encoder=encoder.describe(),
            dim=encoder.dim,
            dense_dim=max(encoder.dense_dims),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def accept(self, encoder: PageEncoder, root: Path) -> None:
        """Raise WrongLibrary if vectors of `encoder` cannot be compared with those in here."""
        if encoder.fingerprint == self.fingerprint:
            return
        raise WrongLibrary(
            f"the library {root} holds vectors of {_named(self.encoder, self.fingerprint)}, and "
            f"they cannot be compared with those of "
            f"{_named(encoder.describe(), encoder.fingerprint)}: open it with the encoder that "
            "made it, or index into another folder"
        )


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
            return Manifest(**fields)
    except (ValueError, KeyError, TypeError) as error:
        raise NotALibrary(
            f"{layout.manifest} is damaged ({error}): restore it from a copy, "
            "or index the documents into a new folder"
        ) from error
    raise NotALibrary(
        f"{root} has library format {version!r} and this quire reads {FORMAT}: "
        "use the quire that made it, or index the documents into a new folder"
    )
