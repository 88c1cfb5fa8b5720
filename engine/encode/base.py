"""The base that an adapter repository stands on: beside it, or on the hub."""

from pathlib import Path

from ..errors import EncodeError
from .families.registry import ADAPTER_FILE, read_json
from .source import Source, find_source

_UP = 4  # folders above the adapter in which its base is looked for


def base_of(source: Source, *, local_files_only: bool = False) -> Source:
    """The checkpoint that holds the weights: `source` itself, unless it is an adapter alone.

    The base that `adapter_config.json` names is taken from the folder `base` in the adapter's own,
    from a folder of that name (`owner/name` or `name`) beside the adapter or beside one of the
    folders above it, else from the hub. It never says a revision, so the hub's newest is taken.
    """
    settings = source.folder / ADAPTER_FILE
    if not settings.is_file():
        return source
    name = str(read_json(settings).get("base_model_name_or_path") or "").rstrip("/")
    if not name:
        raise EncodeError(f"{settings} names no base model: fetch the adapter again")
    short = name.split("/")[-1]
    above = source.folder.absolute().parents[:_UP]
    beside = (up / n for up in above for n in (name, short))
    for folder in [source.folder / "base", Path(name), *beside]:
        if folder.is_dir() and (folder / "config.json").is_file():
            return Source(folder)
    try:
        return find_source(name, local_files_only=local_files_only)
    except EncodeError as error:
        raise EncodeError(
            f"{source.folder} is an adapter on {name!r}, which is missing ({error}); "
            f"put that model's files in a folder {short!r} beside the adapter"
        ) from error
