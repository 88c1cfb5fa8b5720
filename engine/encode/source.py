"""Where a model's files are: with the package, in a folder, or on the Hugging Face hub."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import EncodeError

MINI = "quire-mini"
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_COMMIT = re.compile(r"[0-9a-f]{40}")
# What a checkpoint needs and nothing that could be run: no Python, no pickles.
PATTERNS = ("*.json", "*.safetensors", "*.txt", "*.model", "*.jinja")
_LEFT_OUT = ["onnx/*", "openvino/*", "original/*", "checkpoint-*/*"]


@dataclass(frozen=True)
class Source:
    """A folder with the files of a checkpoint.

    `name` is that of the hub, None for a folder of one's own. `revision` is the commit, where the
    hub's cache tells it.
    """

    folder: Path
    name: str | None = None
    revision: str | None = None


def find_source(
    name_or_path: str, revision: str | None = None, *, local_files_only: bool = False
) -> Source:
    """The files of a name or path.

    "quire-mini" comes with the package; a folder is taken as it is; `owner/name` is fetched from
    the hub into its cache, with progress, at `revision` (a branch, tag or commit). With
    `local_files_only`, or HF_HUB_OFFLINE=1 in the environment, only the cache is looked at. Raises
    `EncodeError` for what cannot be found, and for a revision of something that has none.
    """
    if name_or_path == MINI:
        _has_no_revisions(MINI, "comes with the package", revision)
        return Source(Path(__file__).parent / "mini")
    folder = Path(name_or_path).expanduser()
    if folder.is_dir():
        _has_no_revisions(str(folder), "is a folder on this machine", revision)
        return Source(folder, revision=_commit(folder))
    if not _HUB_NAME.fullmatch(name_or_path):
        raise EncodeError(
            f"no model {name_or_path!r}: it is neither 'quire-mini' nor a folder on this machine, "
            "and names on the hub look like 'owner/name'"
        )
    folder = _fetch(name_or_path, revision, PATTERNS, local_files_only)
    return Source(folder, name_or_path, _commit(folder))


def fetch_also(source: Source, patterns: Sequence[str], *, local_files_only: bool = False) -> None:
    """More files of a checkpoint from the hub; nothing for a folder of one's own."""
    if source.name is not None:
        _fetch(source.name, source.revision, patterns, local_files_only)


def _has_no_revisions(what: str, why: str, revision: str | None) -> None:
    if revision is not None:
        raise EncodeError(
            f"revision={revision!r}: {what} {why} and has no revisions; leave it out"
            + ("" if what != MINI else ", or install another version of quire")
        )


def _commit(folder: Path) -> str | None:
    """The hub's cache keeps a revision in .../snapshots/<commit>."""
    here = folder.absolute()
    cached = here.parent.name == "snapshots" and _COMMIT.fullmatch(here.name)
    return here.name if cached else None


def _fetch(
    name: str, revision: str | None, patterns: Sequence[str], local_files_only: bool
) -> Path:
    from huggingface_hub import errors, snapshot_download

    at = "" if revision is None else f" at revision {revision!r}"
    mend = "put its files in a folder and pass its path"
    try:
        return Path(
            snapshot_download(
                name,
                revision=revision,
                local_files_only=local_files_only,
                allow_patterns=list(patterns),
                ignore_patterns=_LEFT_OUT,
            )
        )
    except errors.RevisionNotFoundError as error:
        raise EncodeError(f"the hub has {name} but not{at}: see its list of commits") from error
    except errors.GatedRepoError as error:
        raise EncodeError(
            f"{name} is given only to those who accept its terms: do that on its page at "
            f"huggingface.co and log in, or {mend}"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise EncodeError(
            f"no model {name!r}: the hub does not know it and no folder here has that path"
        ) from error
    except errors.LocalEntryNotFoundError as error:
        raise EncodeError(
            f"{name}{at} is not on this machine and cannot be fetched "
            f"(no network, or offline by wish): {mend}"
        ) from error
    except (errors.HFValidationError, OSError) as error:
        raise EncodeError(f"{name}{at} could not be fetched from the hub ({error}): {mend}") from (
            error
        )
