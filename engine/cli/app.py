"""The `quire` command: its parts, and how every error ends."""

import sys
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import typer

from . import output
from .ask import ask
from .carrying import export, import_
from .delete import delete
from .doctor import doctor
from .evaluate import evaluate
from .exits import DONE, STOPPED, USAGE, code_of
from .index import index
from .search import search
from .serve import serve
from .sync import sync
from .train import train

# What typer raises for an argument it cannot read. Typer exports only this child of it, and has
# had the class from click in some versions and of its own in others.
_WrongArguments: type[Exception] = typer.BadParameter.__mro__[1]

app = typer.Typer(
    name="quire",
    help="Answers a question with the page that holds the answer.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _interruptible(command: Callable[..., None]) -> Callable[..., None]:
    """The command, whose Ctrl-C arrives in `main`: some versions of typer end without a word."""

    @wraps(command)
    def run(*given: Any, **named: Any) -> None:
        try:
            command(*given, **named)
        except KeyboardInterrupt:
            raise typer.Abort from None

    return run


_COMMANDS: dict[str, Callable[..., None]] = {
    "index": index,
    "sync": sync,
    "delete": delete,
    "export": export,
    "import": import_,
    "search": search,
    "ask": ask,
    "serve": serve,
    "eval": evaluate,
    "train": train,
    "doctor": doctor,
}
for _name, _command in _COMMANDS.items():
    app.command(_name)(_interruptible(_command))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (see exits.py); an error is one sentence.

    `arguments` are those after the program's name, by default the ones of this process.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in given
    if not given:
        given = ["--help"]
    try:
        code = app(given, prog_name="quire", standalone_mode=False)
    except _WrongArguments as wrong:
        text = getattr(wrong, "format_message", wrong.__str__)().replace("Value error, ", "")
        output.error(f"{text.rstrip('.')}. See: quire --help", as_json=as_json)
        return USAGE
    except (KeyboardInterrupt, typer.Abort):
        output.error("stopped; documents that were finished are kept", as_json=as_json)
        return STOPPED
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does: nothing is left to say.
        sys.stderr.close()
        return DONE
    except Exception as error:
        code = code_of(error)
        if code is None:
            raise
        output.error(_sentence(error), as_json=as_json)
    return int(code or DONE)


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename!r}: {error.strerror}: check the path and its permissions"
    return str(error)
