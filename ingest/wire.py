"""What the caller and its reading process say to each other: one JSON line a message.

Pixels and words travel in slots (anonymous files that both hold open), not in messages, so
that a message always fits into the pipe and neither side ever waits for the other to read.
"""

import json
from array import array
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeVar, get_type_hints

from .document import DocumentKind
from .failure import Kind


@dataclass(frozen=True)
class Hello:
    """The reading process is ready."""


@dataclass(frozen=True)
class Open:
    """Close what is open and open a file."""

    path: str
    kind: DocumentKind
    engine: str
    memory: int
    max_picture_pixels: int
    max_text_bytes: int
    seconds: float
    passwords: list[str] = field(default_factory=list, repr=False)


@dataclass(frozen=True)
class Opened:
    """A file is open. Slot 0 holds `tail` bytes of JSON: what the file says about itself."""

    pages: int
    title: str
    tail: int


@dataclass(frozen=True)
class Render:
    """Draw page `number` (from 1) into a slot. ocr: when to read text off it."""

    number: int
    slot: int
    max_pixels: int
    min_pixels: int
    factor: int
    seconds: float
    ocr: str = "never"
    ocr_engine: str = ""
    ocr_seconds: float = 0


@dataclass(frozen=True)
class Rendered:
    """A page lies in its slot: across * down * 3 bytes of RGB, then `tail` bytes of `pack_tail`."""

    across: int
    down: int
    tail: int
    width: float
    height: float
    rotation: int


@dataclass(frozen=True)
class Close:
    """Close what is open, if anything is."""


@dataclass(frozen=True)
class Closed:
    """grown: bytes of address space that the process has more than before its first file."""

    grown: int


@dataclass(frozen=True)
class Failed:
    """The last request could not be met."""

    kind: Kind
    reason: str


# x0, y0, x1, y1 as fractions of the upright page, and the word.
BoxedWord = tuple[float, float, float, float, str]
Request = Open | Render | Close
Reply = Hello | Opened | Rendered | Closed | Failed
SomeReply = TypeVar("SomeReply", bound=Reply)

_REQUESTS = {kind.__name__: kind for kind in (Open, Render, Close)}


def pack(message: Request | Reply) -> bytes:
    """One line. Lone surrogates of odd file names survive, escaped."""
    return json.dumps([type(message).__name__, asdict(message)]).encode() + b"\n"


def unpack_request(line: bytes) -> Request:
    """The request in a line; only our own process writes these."""
    name, fields = json.loads(line)
    return _REQUESTS[name](**fields)


def unpack_reply(line: bytes, expected: type[SomeReply]) -> SomeReply | Failed:
    """The reply in a line, from a process that a hostile file may have taken over.

    Raises ValueError when it is neither the expected one nor Failed, or its values are of
    other types than declared.
    """
    try:
        name, values = json.loads(line)
        if name == "Failed":
            return Failed(Kind(values["kind"]), str(values["reason"]))
        if name != expected.__name__:
            raise ValueError(f"{name} came, and {expected.__name__} was due")
        types = get_type_hints(expected)
        return expected(**{key: types[key](value) for key, value in values.items()})
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise ValueError(f"{line[:80]!r} is no {expected.__name__}") from error


@dataclass(frozen=True)
class Tail:
    """The part of a page that is not pixels. The fields are those of `Page`."""

    words: list[BoxedWord]
    text: str
    section: str
    ocr: str
    links: list[str]
    fields: list[tuple[str, str]]
    notes: list[str]


def pack_tail(tail: Tail) -> bytes:
    """JSON, and behind it the boxes of the words as doubles: a quarter of the time of digits."""
    boxes = array("d", [number for *box, _ in tail.words for number in box])
    words = [word for *_, word in tail.words]
    values = [words, *(getattr(tail, field.name) for field in fields(tail)[1:])]
    return json.dumps(values).encode() + b"\n" + boxes.tobytes()


def unpack_tail(content: bytes | bytearray) -> Tail:
    """Raises ValueError when the bytes are none of `pack_tail`."""
    try:
        told, _, numbers = content.partition(b"\n")
        words, text, section, ocr, links, fields, notes = json.loads(told)
        boxes = array("d", numbers)
        corners = (boxes[side::4] for side in range(4))
        return Tail(
            list(zip(*corners, map(str, words), strict=True)),
            str(text),
            str(section),
            str(ocr),
            [str(link) for link in links],
            [(str(name), str(value)) for name, value in fields],
            [str(note) for note in notes],
        )
    except (TypeError, RecursionError) as error:
        raise ValueError("the part of the page that is not pixels is garbled") from error


def unpack_info(content: bytes | bytearray) -> dict[str, Any]:
    """What a file says about itself: strings, and an outline of [level, title, page].

    Raises ValueError when the bytes hold anything else.
    """
    try:
        told = json.loads(content)
        outline = [[int(level), str(title), int(page)] for level, title, page in told["outline"]]
        strings = {str(k): str(v) for k, v in told.items() if k != "outline"}
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError("what the file says about itself is garbled") from error
    return {**strings, "outline": outline} if outline else dict(strings)
