"""What requests and replies look like. FastAPI makes the OpenAPI description from it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Mode = Literal["hybrid", "visual", "text"]
Scalar = str | int | float | bool
Filter = Annotated[
    dict[Annotated[str, Field(max_length=100)], Scalar | list[Scalar]],
    Field(
        max_length=16,
        description="Columns (document, name, path, title, kind, page, section, or a key of the "
        "metadata) and the value that each must have, or a list of values.",
        examples=[{"kind": "pdf"}],
    ),
]
Query = Annotated[str, Field(min_length=1, max_length=2_000, description="A question.")]
K = Annotated[int, Field(ge=1, le=100, description="How many pages, at most.")]


class Strict(BaseModel):
    """A misspelt field is an error, not a silence."""

    model_config = ConfigDict(extra="forbid")


class SearchRequest(Strict):
    query: Query
    k: K = 12
    mode: Mode = "hybrid"
    where: Filter | None = None
    rerank: bool = Field(False, description="Let the server's reranker order the best pages.")


class Box(Strict):
    """Fractions of the upright page, origin top left."""

    x0: float = Field(ge=0, le=1)
    y0: float = Field(ge=0, le=1)
    x1: float = Field(ge=0, le=1)
    y1: float = Field(ge=0, le=1)


class RegionSearch(Strict):
    """A part of a page, to search with."""

    document: str = Field(pattern="^[0-9a-f]{32}$")
    page: int = Field(ge=1, le=1_000_000)
    box: Box
    k: K = 12


class Mark(BaseModel):
    start: int
    end: int


class Reason(BaseModel):
    score: float
    rank: int


class HitReply(BaseModel):
    """A page that was found. share: its score between the worst (0) and best (1) of this reply.
    reasons: its score and rank in each list that says something of it: visual, code, text."""

    document: str
    name: str
    title: str
    page: int
    pages: int
    score: float
    share: float
    section: str
    snippet: str
    marks: list[Mark]
    reasons: dict[str, Reason]
    metadata: dict[str, Any]
    width: int = Field(description="Of the page's picture, in pixels.")
    height: int


class SearchReply(BaseModel):
    """Hits, best first. relevance: how likely they answer, in [0, 1]; found: whether that is more
    likely than not. seconds: of the search; waited: until its turn came."""

    query: str
    mode: str
    plan: str
    seconds: float
    waited: float
    pages: int
    of: int
    relevance: float
    found: bool
    hits: list[HitReply]


class HeatmapReply(BaseModel):
    """Evidence in 0 to 255 on a grid over the page, row by row from the top left, as base64.

    whole: for the whole question; maps: for each of `words`, which weigh `weights`.
    """

    rows: int
    columns: int
    words: list[str]
    weights: list[float]
    whole: str
    maps: list[str]


class RegionReply(BaseModel):
    box: tuple[float, float, float, float]
    kind: str
    score: float
    text: str


class DocumentReply(BaseModel):
    id: str
    name: str
    title: str
    kind: str
    pages: int
    size: int = Field(description="Bytes.")


class FailureReply(BaseModel):
    name: str
    kind: str
    reason: str
    page: int | None


class DocumentsReply(BaseModel):
    documents: list[DocumentReply]
    failures: list[FailureReply]
    pages: int


class DeletedReply(BaseModel):
    deleted: list[DocumentReply]


class Current(BaseModel):
    document: str
    name: str
    page: int
    pages: int


class Added(BaseModel):
    document: str
    name: str
    pages: int


class JobReply(BaseModel):
    """state: waiting, adding, then done, stopped or failed (problem says why)."""

    id: str
    state: Literal["waiting", "adding", "done", "stopped", "failed"]
    problem: str
    files: int
    done_files: int
    pages: int
    current: Current | None
    added: list[Added]
    skipped: list[Added]
    failures: list[FailureReply]
    seconds: float


class AnswerRequest(Strict):
    question: Query
    mode: Mode = "hybrid"
    k: int = Field(4, ge=1, le=8, description="Pages that may be used.")
    where: Filter | None = None


class SessionRequest(Strict):
    token: str = Field(max_length=500)


class HealthReply(BaseModel):
    """What anybody may know; the rest only with the token, where there is one."""

    state: Literal["loading", "ready", "failed"]
    token_needed: bool
    allowed: bool
    problem: str = ""
    version: str = ""
    encoder: str = ""
    generator: str = ""
    rerank: bool = False
    documents: int = 0
    pages: int = 0


class Problem(BaseModel):
    message: str
    type: str


class ErrorReply(BaseModel):
    """Every error looks like this."""

    error: Problem
