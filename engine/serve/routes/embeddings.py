"""`/v1/embeddings`, as OpenAI has it, and multi-vectors beside it."""

import base64
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from ..desk import TheDesk
from ..encoding import SharedEncoder
from ..refusals import Refusal
from ..workers import run

router = APIRouter(prefix="/v1", tags=["embeddings"])
Text = Annotated[str, Field(min_length=1, max_length=32_000)]


class EmbeddingsRequest(BaseModel):
    """`input_type`, `task` and `multivector` are additions to OpenAI's fields.

    input_type: query for questions, document for passages; the two are encoded differently.
    multivector: one row for each token instead of one vector for each text. `embedding` is then
    the base64 of float16 numbers, little-endian, row by row, and `shape` is [rows, numbers].
    """

    model_config = ConfigDict(extra="forbid")

    input: Text | Annotated[list[Text], Field(min_length=1, max_length=64)]
    model: str = Field("", max_length=200, description="The server has one; any name is taken.")
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = Field(None, ge=1, le=100_000)
    user: str | None = Field(None, max_length=200, description="Taken and not looked at.")
    input_type: Literal["query", "document"] = "document"
    task: Literal["retrieval", "similarity", "code"] = "retrieval"
    multivector: bool = False


class Embedding(BaseModel):
    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str
    shape: tuple[int, int] | None = None


class Usage(BaseModel):
    """Rows that were made: the tokens that a text became."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingsReply(BaseModel):
    object: Literal["list"] = "list"
    data: list[Embedding]
    model: str
    usage: Usage


class Model(BaseModel):
    id: str
    object: Literal["model"] = "model"
    owned_by: str = "quire"


class ModelsReply(BaseModel):
    object: Literal["list"] = "list"
    data: list[Model]


@router.get("/models")
async def models(desk: TheDesk) -> ModelsReply:
    """The one encoder that the library has."""
    return ModelsReply(data=[Model(id=desk.shelf.encoder.name)])


@router.post("/embeddings", response_model_exclude_none=True)
async def embeddings(asked: EmbeddingsRequest, desk: TheDesk) -> EmbeddingsReply:
    """Vectors of texts: dense ones of unit length, or multi-vectors."""
    encoder = desk.shelf.encoder
    if asked.dimensions is not None:
        if asked.multivector:
            raise Refusal(400, "bad request", "dimensions are of dense vectors: leave them out")
        if asked.dimensions not in encoder.dense_dims:
            known = ", ".join(map(str, encoder.dense_dims))
            told = f"dimensions={asked.dimensions}: {encoder.name} has {known}"
            raise Refusal(400, "bad request", told)
    texts = [asked.input] if isinstance(asked.input, str) else asked.input
    found = await run(desk.workers.search, _encode, encoder, texts, asked)
    rows = sum(len(vectors.multi) for vectors in found)
    return EmbeddingsReply(
        data=[_embedding(i, vectors, asked) for i, vectors in enumerate(found)],
        model=encoder.name,
        usage=Usage(prompt_tokens=rows, total_tokens=rows),
    )


def _encode(encoder: SharedEncoder, texts: list[str], asked: EmbeddingsRequest) -> list[Any]:
    encode = encoder.encode_query if asked.input_type == "query" else encoder.encode_document
    return [encode(text, task=asked.task, vectors="both") for text in texts]


def _embedding(index: int, vectors: Any, asked: EmbeddingsRequest) -> Embedding:
    if asked.multivector:
        rows, numbers = vectors.multi.shape
        packed = _base64(vectors.multi.astype("<f2"))
        return Embedding(index=index, embedding=packed, shape=(rows, numbers))
    dense = vectors.dense[: asked.dimensions].astype("<f4")
    dense = dense / max(float(np.linalg.norm(dense)), 1e-12)
    if asked.encoding_format == "base64":
        return Embedding(index=index, embedding=_base64(dense.astype("<f4")))
    return Embedding(index=index, embedding=[float(number) for number in dense])


def _base64(numbers: np.ndarray) -> str:
    return base64.b64encode(numbers.tobytes()).decode("ascii")
