"""What all requests of one server share."""

from collections.abc import Callable
from functools import cached_property
from typing import Annotated, cast

from fastapi import Depends, Request

from ..library import Library
from ..store.layout import Layout
from .jobs import Jobs
from .metrics import Metrics
from .pictures import Pictures
from .settings import Settings
from .shelf import Shelf
from .uploads import Uploads
from .workers import Workers


class Desk:
    """The library, the threads that work on it, the jobs, and what is counted."""

    def __init__(self, open_library: Callable[[], Library], settings: Settings) -> None:
        self.settings = settings
        self.shelf = Shelf(open_library)
        self.workers = Workers(settings.streams)
        self.metrics = Metrics()
        self.jobs = Jobs(lambda: self.uploads, settings.limits)
        self.streams = 0  # answers and progress that are being sent

    @cached_property
    def uploads(self) -> Uploads:
        return Uploads(self._layout)

    @cached_property
    def pictures(self) -> Pictures:
        return Pictures(self._layout)

    @property
    def _layout(self) -> Layout:
        return Layout(self.shelf.library.path)


def desk_of(request: Request) -> Desk:
    return cast(Desk, request.app.state.desk)


TheDesk = Annotated[Desk, Depends(desk_of)]
