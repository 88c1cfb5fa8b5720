"""How a server is run, as one value."""

from dataclasses import dataclass, field
from ipaddress import ip_address

from quire.ingest.limits import Limits

from ..answer.evidence import Generator
from ..errors import ServeError

MEGA = 2**20


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where a server listens, who writes its answers, and how much it takes on.

    token: who shows it may use the server; needed for an address that others can reach.
    generator: see `Library.answer`. It is chosen here and never by a request, for it may name a
        folder. rerank: name or folder of a reranker, "" for none.
    max_upload: bytes of one request that adds documents. max_files: documents in it.
    max_picture: bytes of a picture that is searched with. max_body: bytes of any other request.
    rate, burst: requests a second that one client may make over time, and at once.
    in_flight: requests that are worked on or wait; streams: answers and progress at once.
    seconds_for_body: to wait for the next piece of a request.
    limits: what one document may cost, see there.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    token: str = field(default="", repr=False)
    generator: str | Generator = "extractive"
    rerank: str = ""
    max_upload: int = 512 * MEGA
    max_files: int = 256
    max_picture: int = 32 * MEGA
    max_body: int = MEGA
    rate: float = 100
    burst: int = 400
    in_flight: int = 128
    streams: int = 24
    seconds_for_body: float = 30
    limits: Limits = field(
        default_factory=lambda: Limits(
            max_bytes=512 * MEGA, max_pages=5_000, max_picture_pixels=100_000_000
        )
    )

    def __post_init__(self) -> None:
        if not self.loopback and not self.token:
            raise ServeError(
                f"host={self.host!r} can be reached from other machines: set a token "
                "(--token, or QUIRE_TOKEN), or stay on 127.0.0.1"
            )
        if self.token and (len(self.token) < 8 or not self.token.isascii()):
            raise ServeError("the token is shorter than 8 ASCII characters: choose a longer one")

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False
