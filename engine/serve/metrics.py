"""Counts and times in the text form that Prometheus reads.

Source of the form: prometheus.io/docs/instrumenting/exposition_formats, version 0.0.4.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from threading import Lock

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Requests by route (the pattern, never what a client wrote), method and status."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._within: dict[str, list[int]] = defaultdict(lambda: [0] * len(BUCKETS))
        self._seconds: Counter[str] = Counter()
        self._count: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        with self._lock:
            self._requests[route, method, status] += 1
            self._seconds[route] += seconds  # type: ignore[assignment]
            self._count[route] += 1
            for place, bound in enumerate(BUCKETS):
                self._within[route][place] += seconds <= bound

    def refused(self, why: str) -> None:
        """A request that was turned away before any route saw it."""
        with self._lock:
            self._refused[why] += 1

    def text(self, gauges: Mapping[str, float]) -> str:
        """All of it, with these values of the moment."""
        with self._lock:
            return "\n".join([*self._lines(), *_gauges(gauges), ""])

    def _lines(self) -> Iterable[str]:
        yield "# HELP quire_requests_total Requests answered."
        yield "# TYPE quire_requests_total counter"
        for (route, method, status), many in sorted(self._requests.items()):
            labels = f'route="{_quoted(route)}",method="{_quoted(method)}",status="{status}"'
            yield f"quire_requests_total{{{labels}}} {many}"
        yield "# HELP quire_refused_total Requests turned away, by reason."
        yield "# TYPE quire_refused_total counter"
        for why, many in sorted(self._refused.items()):
            yield f'quire_refused_total{{reason="{_quoted(why)}"}} {many}'
        yield "# HELP quire_request_seconds Until the first byte of the reply."
        yield "# TYPE quire_request_seconds histogram"
        for route in sorted(self._count):
            name = f'route="{_quoted(route)}"'
            for bound, many in zip(BUCKETS, self._within[route], strict=True):
                yield f'quire_request_seconds_bucket{{{name},le="{bound:g}"}} {many}'
            yield f'quire_request_seconds_bucket{{{name},le="+Inf"}} {self._count[route]}'
            yield f"quire_request_seconds_sum{{{name}}} {self._seconds[route]:.6f}"
            yield f"quire_request_seconds_count{{{name}}} {self._count[route]}"


def _gauges(values: Mapping[str, float]) -> Iterable[str]:
    for name, value in values.items():
        yield f"# TYPE quire_{name} gauge"
        yield f"quire_{name} {value:g}"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
