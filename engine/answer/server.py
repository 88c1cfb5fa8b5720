"""A language model behind an OpenAI-compatible server: llama.cpp, vLLM, Ollama, or a hosted one."""

import base64
import http.client
import io
import json
import os
import ssl
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..errors import AnswerError
from ..search.hits import Hit
from . import prompt
from .stream import LONGEST_LINE, WithoutThinking, read_stream, read_whole

if TYPE_CHECKING:
    from PIL.Image import Image

URL, KEY, MODEL = "OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_MODEL"
MOST_BYTES = 1 << 22  # of a reply that is no stream
LONGEST_SIDE = 1_400  # pixels of a page that is sent


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where the server is and how it is asked. Sends the pages there: nothing else does.

    url: the address that ends in /v1. key: sent as bearer token, "" for none; never shown.
    vision: whether pages are sent as pictures too, or as text alone.
    no_think: adds "/no_think" to the question, for models that would else think at length.
    seconds: to wait for the next piece, and `seconds_in_all` for the whole answer.
    """

    url: str
    model: str
    key: str = field(default="", repr=False)
    vision: bool = True
    no_think: bool = False
    seconds: float = 60
    seconds_in_all: float = 600
    most_tokens: int = 1_024

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise AnswerError(f"url={self.url!r}: give http://host:port/v1 or https://host/v1")
        if not self.model:
            raise AnswerError(f"no model named: set {MODEL}, or pass model=")

    @classmethod
    def from_environment(cls, **chosen: Any) -> "Server":
        """Address, key and model from OPENAI_BASE_URL, OPENAI_API_KEY and OPENAI_MODEL; `chosen`
        fields come before them. Raises AnswerError when no address is known."""
        known = {"url": os.environ.get(URL), "key": os.environ.get(KEY, "")}
        fields = {**known, "model": os.environ.get(MODEL, ""), **chosen}
        if not fields["url"]:
            raise AnswerError(
                f"no server is named: set {URL} to its address, such as http://localhost:8080/v1"
            )
        return cls(**fields)

    @property
    def name(self) -> str:
        return f"{self.model} at {urlsplit(self.url).netloc.rpartition('@')[2]}"

    def write(self, question: str, pages: Sequence[Hit]) -> Iterator[str]:
        """See `Generator`. Raises AnswerError, naming the server, for whatever it does wrong."""
        body = json.dumps(self.request(question, pages)).encode()
        thoughts = WithoutThinking()
        for piece in self._ask(body):
            if left := thoughts.feed(piece):
                yield left
        if left := thoughts.close():
            yield left

    def request(self, question: str, pages: Sequence[Hit]) -> dict[str, Any]:
        """What is sent, as JSON values."""
        parts: list[dict[str, Any]] = []
        for number, hit in enumerate(pages, start=1):
            text = "\n".join((prompt.page_heading(number, hit), prompt.page_text(number, hit)))
            parts.append({"type": "text", "text": text.strip()})
            if self.vision:
                address = _data_address(hit.image())
                parts.append({"type": "image_url", "image_url": {"url": address}})
        asked = prompt.closing(question, pages) + (" /no_think" if self.no_think else "")
        parts.append({"type": "text", "text": asked})
        content: Any = parts if self.vision else "\n\n".join(part["text"] for part in parts)
        return {
            "model": self.model,
            "messages": [
                {"role": "system", "content": prompt.SYSTEM},
                {"role": "user", "content": content},
            ],
            "stream": True,
            "temperature": 0,
            "max_tokens": self.most_tokens,
        }

    def _ask(self, body: bytes) -> Iterator[str]:
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        if parts.scheme == "https":
            context = ssl.create_default_context()
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, parts.port, timeout=self.seconds, context=context
            )
        else:
            connection = http.client.HTTPConnection(host, parts.port, timeout=self.seconds)
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        try:
            connection.request("POST", f"{parts.path.rstrip('/')}/chat/completions", body, headers)
            yield from self._read(connection.getresponse())
        except TimeoutError as error:
            raise AnswerError(f"{self.name} said nothing for {self.seconds:g} seconds") from error
        except (OSError, http.client.HTTPException) as error:
            told = str(error) or type(error).__name__
            raise AnswerError(
                f"{self.name} cannot be reached ({told}): is it running, and is {URL} right?"
            ) from error
        finally:
            connection.close()

    def _read(self, reply: http.client.HTTPResponse) -> Iterator[str]:
        if reply.status != 200:
            said = reply.read(400).decode("utf-8", "replace")
            raise AnswerError(f"{self.name} replied {reply.status} {reply.reason}: {said[:200]}")
        if "json" in reply.headers.get("Content-Type", ""):
            yield read_whole(reply.read(MOST_BYTES), self.name)
            return
        yield from read_stream(self._lines(reply), self.name)

    def _lines(self, reply: http.client.HTTPResponse) -> Iterator[bytes]:
        deadline = time.monotonic() + self.seconds_in_all
        while line := reply.readline(LONGEST_LINE):
            if time.monotonic() > deadline:
                raise AnswerError(f"{self.name} took more than {self.seconds_in_all:g} seconds")
            yield line


def _data_address(image: "Image") -> str:
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
