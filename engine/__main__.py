"""`python -m quire.engine` and the `quire` program."""

import sys

from .cli.app import main

if __name__ == "__main__":
    sys.exit(main())
