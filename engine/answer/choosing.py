"""The generator of a name."""

from pathlib import Path

from ..errors import AnswerError
from .evidence import Generator

EXTRACTIVE, SERVER = "extractive", "server"


def generator_of(name: "str | Generator") -> Generator:
    """ "extractive" quotes and needs no model; "server" asks the one that OPENAI_BASE_URL names;
    anything else is the folder of a Qwen2.5-VL checkpoint. A generator is returned as it is."""
    if not isinstance(name, str):
        return name
    if name == EXTRACTIVE:
        from .extract import Extractive

        return Extractive()
    if name == SERVER:
        from .server import Server

        return Server.from_environment()
    if Path(name).is_dir():
        from .local import LocalModel

        return LocalModel(name)
    raise AnswerError(
        f"no generator {name!r}: choose {EXTRACTIVE!r}, {SERVER!r}, or the folder of a Qwen2.5-VL "
        "checkpoint"
    )
