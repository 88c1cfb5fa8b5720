"""A document from an address that somebody gave explicitly; nothing found in documents is fetched.

An address may name a machine inside the house (SSRF), directly, by a name that resolves to it, or
by a redirect. So every connection, also of a redirect, asks which machine it would go to, refuses
all that are not public, and goes to that very machine: no name is resolved a second time.
"""

import http.client
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from .failure import Failure, Kind, ReadFailed
from .limits import Limits
from .sniff import claimed

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_REDIRECTS = 5
_REDIRECT = (301, 302, 303, 307, 308)
_PIECE = 1 << 16
_SILENCE_SECONDS = 30
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_SUFFIX_OF_TYPE = {
    "application/pdf": ".pdf",
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/markdown": ".md",
    "text/plain": ".txt",
    "image/svg+xml": ".svg",
}


def is_address(path: str | Path) -> bool:
    """Whether it is an address of the web and no path."""
    return isinstance(path, str) and path.lower().startswith(("http://", "https://"))


def is_public(address: Address) -> bool:
    """Whether it is reached through the public network, also of an address wrapped in another."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in _NAT64:
            inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if not all(is_public(one) for one in inner if one is not None):
            return False
    return address.is_global and not address.is_multicast


def fetch(
    url: str, folder: Path, limits: Limits, allowed: Callable[[Address], bool] = is_public
) -> Path:
    """The document at `url`, as a file in `folder` (which must be empty) named as in the address.

    Raises ReadFailed: REFUSED for machines that are not `allowed` and addresses with a password,
    TOO_BIG, TIMED_OUT, UNREADABLE.
    """
    return _Fetching(url, limits, allowed).into(folder)


class _Fetching:
    def __init__(self, url: str, limits: Limits, allowed: Callable[[Address], bool]) -> None:
        self._url, self._limits, self._allowed = url, limits, allowed
        self._deadline = time.monotonic() + limits.seconds_to_fetch

    def into(self, folder: Path) -> Path:
        here = self._url
        for _ in range(_REDIRECTS + 1):
            connection = self._connected(here)
            # Against an answer that drips: whatever is read then ends.
            watch = threading.Timer(self._left(), self._shut, [connection])
            watch.start()
            try:
                parts = urlsplit(here)
                target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                headers = {"Accept-Encoding": "identity", "User-Agent": "quire"}
                connection.request("GET", target, headers=headers)
                with connection.getresponse() as answer:
                    if answer.status not in _REDIRECT:
                        return self._kept(answer, here, folder)
                    there = urljoin(here, answer.getheader("Location") or "")
                if here.startswith("https:") and not there.startswith("https:"):
                    raise self._failed(
                        Kind.REFUSED, "leads from a secure address to one that is not"
                    )
                here = there
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise self._broken(error) from error
            finally:
                watch.cancel()
                connection.close()
        raise self._failed(
            Kind.REFUSED, f"leads on more than {_REDIRECTS} times: give the last one"
        )

    def _connected(self, url: str) -> http.client.HTTPConnection:
        """A connection to a machine that was looked at."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError as error:
            raise self._broken(error) from error
        if parts.scheme not in ("http", "https") or not host:
            raise self._failed(Kind.REFUSED, f"leads to {url!r}, which is no address of the web")
        if parts.username or parts.password:
            raise self._failed(Kind.REFUSED, "holds a password: fetch it yourself and add the file")
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            for *_, place in found:
                machine = ipaddress.ip_address(str(place[0]).partition("%")[0])
                if not self._allowed(machine):
                    raise self._failed(
                        Kind.REFUSED,
                        f"is {host} at {machine}, which is not public: fetch it yourself and add "
                        "the file",
                    )
            first = str(found[0][4][0])
            line = socket.create_connection((first, port), timeout=self._left())
            if parts.scheme == "https":
                line = ssl.create_default_context().wrap_socket(line, server_hostname=host)
        except (OSError, UnicodeError) as error:
            raise self._broken(error) from error
        connection = http.client.HTTPConnection(host, port)
        connection.sock = line  # so that it does not look the name up again
        return connection

    def _kept(self, answer: http.client.HTTPResponse, url: str, folder: Path) -> Path:
        if answer.status != 200:
            told = f"{answer.status} {answer.reason}"
            raise self._failed(Kind.UNREADABLE, f"answers {told}: check the address")
        if (answer.getheader("Content-Encoding") or "identity") != "identity":
            raise self._failed(Kind.UNREADABLE, "comes compressed, which was not asked for")
        most = self._limits.max_bytes
        file = folder / _name(url, answer.headers.get_content_type())
        size = 0
        with file.open("wb") as kept:
            while piece := answer.read1(_PIECE):
                size += len(piece)
                if size > most:
                    reason = f"has more than {most:,} bytes: allow more with --limit max_bytes=..."
                    raise self._failed(Kind.TOO_BIG, reason)
                self._left()
                kept.write(piece)
        if answer.length:
            raise self._failed(Kind.UNREADABLE, "ended too early: try again")
        return file

    def _left(self) -> float:
        """Seconds until nothing more is waited for, and for the next sign of life at most."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise self._late()
        return min(left, _SILENCE_SECONDS) if left > 0 else left

    def _shut(self, connection: http.client.HTTPConnection) -> None:
        with suppress(OSError, AttributeError):
            connection.sock.shutdown(socket.SHUT_RDWR)

    def _broken(self, error: Exception) -> ReadFailed:
        if isinstance(error, TimeoutError) or time.monotonic() >= self._deadline:
            return self._late()
        return self._failed(Kind.UNREADABLE, f"cannot be fetched ({error}): check the address")

    def _late(self) -> ReadFailed:
        reason = (
            f"took more than {self._limits.seconds_to_fetch:g} seconds, or fell silent: allow more "
            "with --limit seconds_to_fetch=..."
        )
        return self._failed(Kind.TIMED_OUT, reason)

    def _failed(self, kind: Kind, reason: str) -> ReadFailed:
        return ReadFailed(Failure(self._url, kind, reason))


def _name(url: str, kind: str) -> str:
    """A plain file name after the address, with a suffix that tells the kind."""
    last = unquote(urlsplit(url).path.rpartition("/")[2])
    name = re.sub(r"[^\w.() -]", "_", last).strip(". ")[:100] or "document"
    return name if claimed(name) else name + _SUFFIX_OF_TYPE.get(kind, "")
