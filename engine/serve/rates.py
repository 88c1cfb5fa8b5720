"""How many requests a client may make: a bucket of tokens each, refilled steadily."""

import time
from collections import OrderedDict
from collections.abc import Callable

CLIENTS = 10_000  # remembered; the one that was quiet longest is forgotten first


class Rates:
    """For one thread: the event loop's."""

    def __init__(
        self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """rate: requests a second; burst: how many may come at once."""
        self._rate, self._burst, self._clock = rate, float(burst), clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str) -> float:
        """0 if the client may go on, and then its bucket holds one less; else seconds to wait."""
        now = self._clock()
        left, then = self._buckets.pop(client, (self._burst, now))
        left = min(self._burst, left + (now - then) * self._rate)
        allowed = left >= 1
        self._buckets[client] = (left - 1 if allowed else left, now)
        if len(self._buckets) > CLIENTS:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - left) / self._rate
