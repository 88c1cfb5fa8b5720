"""Lines of progress."""

import sys
import time


def tell(line: str) -> None:
    """On standard error, with the time of day."""
    print(time.strftime("%H:%M:%S"), line, file=sys.stderr, flush=True)
