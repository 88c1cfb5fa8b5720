"""How others score the same pages: each takes a query [20, 128] and gives a score a page.

`peers(rows, folder)` yields a name, the number of pages it is given (slow ones get fewer, and their
time is scaled up), and the function. One whose package is missing says so and is left out.
"""

import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

Score = Callable[[np.ndarray], np.ndarray]
Peer = tuple[str, int, Score]


def peers(rows: np.ndarray, folder: Path) -> Iterator[Peer]:
    """rows: float16 [n, p, d], of length 1."""
    n = len(rows)
    few = torch.from_numpy(rows[:2_000]).float()
    yield "torch, blocks of 16 pages, float32", len(few), lambda query: blocked(query, few)
    half = torch.from_numpy(rows)
    yield "torch, blocks of 12 pages, float16 widened", n, lambda query: blocked(query, half, 12)
    wide = few.numpy()
    yield "numpy, blocks of 16 pages", len(few), lambda query: in_numpy(query, wide)
    yield "one einsum, as PyLate", len(few), lambda query: one_einsum(query, few)
    listed = list(few)
    yield "einsum over padded batches, as colpali-engine", len(few), lambda q: padded(q, listed)
    if there("sentence_transformers"):
        from sentence_transformers.util import maxsim

        def theirs(query: np.ndarray) -> np.ndarray:
            return maxsim([torch.from_numpy(query)], listed[:1_000]).numpy()[0]

        yield "sentence-transformers maxsim", len(listed[:1_000]), theirs
    if there("maxsim_cpu"):
        import maxsim_cpu

        yield "maxsim-cpu", len(few), lambda query: maxsim_cpu.maxsim_scores(query, wide)
    if there("qdrant_client"):
        yield "qdrant-client, local", len(wide[:500]), in_qdrant(wide[:500])
    if there("lancedb"):
        yield from in_lance(rows[:2_000], folder)


def there(package: str) -> bool:
    if find_spec(package) is None:
        print(f"{package} is not installed: left out", file=sys.stderr)
        return False
    return True


def blocked(query: np.ndarray, pages: torch.Tensor, size: int = 16) -> np.ndarray:
    """The best blocked product that we know of in plain torch."""
    asked = torch.from_numpy(query)
    found = []
    for block in pages.split(size):
        similar = asked @ block.float().flatten(0, 1).T
        found.append(similar.view(len(query), len(block), -1).amax(2).sum(0))
    return torch.cat(found).numpy()


def in_numpy(query: np.ndarray, pages: np.ndarray) -> np.ndarray:
    found = []
    for i in range(0, len(pages), 16):
        block = pages[i : i + 16]
        similar = query @ block.reshape(-1, block.shape[2]).T
        found.append(similar.reshape(len(query), len(block), -1).max(2).sum(0))
    return np.concatenate(found)


def one_einsum(query: np.ndarray, pages: torch.Tensor) -> np.ndarray:
    similar = torch.einsum("ash,bth->abst", torch.from_numpy(query)[None], pages)
    return similar.max(dim=-1).values.sum(dim=-1).numpy()[0]


def padded(query: np.ndarray, pages: list[torch.Tensor]) -> np.ndarray:
    asked = torch.from_numpy(query)[None]
    found = []
    for i in range(0, len(pages), 128):
        batch = pad_sequence(pages[i : i + 128], batch_first=True, padding_value=0)
        found.append(torch.einsum("bnd,csd->bcns", asked, batch).max(dim=3)[0].sum(dim=2))
    return torch.cat(found, dim=1).numpy()[0]


def in_qdrant(pages: np.ndarray) -> Score:
    from qdrant_client import QdrantClient, models

    client = QdrantClient(":memory:")
    compare = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)
    dot = models.VectorParams(
        size=pages.shape[2], distance=models.Distance.DOT, multivector_config=compare
    )
    client.create_collection("pages", vectors_config=dot)
    for i, page in enumerate(pages):
        client.upsert("pages", [models.PointStruct(id=i, vector=page.tolist())])

    def search(query: np.ndarray) -> np.ndarray:
        found = client.query_points("pages", query=query.tolist(), limit=50).points
        return spread([p.id for p in found], [p.score for p in found], len(pages))

    return search


def in_lance(rows: np.ndarray, folder: Path) -> Iterator[Peer]:
    import lancedb
    import pyarrow as pa

    n, p, d = rows.shape
    flat = pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), d)
    pages = pa.ListArray.from_arrays(pa.array(np.arange(n + 1, dtype=np.int32) * p), flat)
    table = lancedb.connect(folder / "lance").create_table(
        "pages", pa.table({"id": np.arange(n), "rows": pages}), mode="overwrite"
    )

    def search(query: np.ndarray, refine: int | None = None, flat: bool = False) -> np.ndarray:
        asked = table.search(query.astype(np.float16), vector_column_name="rows")
        asked = asked.distance_type("cosine").limit(50)
        asked = asked.bypass_vector_index() if flat else asked
        found = (asked if refine is None else asked.refine_factor(refine)).to_arrow()
        worse = found["_distance"].to_numpy()
        return spread(found["id"].to_pylist(), -worse, n)

    yield "LanceDB, flat", n, lambda query: search(query, flat=True)
    from lancedb.index import IvfPq

    index = IvfPq(distance_type="cosine", num_partitions=64, num_sub_vectors=16)
    table.create_index("rows", config=index)
    yield "LanceDB, IVF_PQ", n, search
    yield "LanceDB, IVF_PQ, best 100 refined", n, lambda query: search(query, 2)


def spread(ids: list[int], scores: np.ndarray | list[float], count: int) -> np.ndarray:
    """Scores of all pages; those that were not told are last."""
    every = np.full(count, -np.inf)
    every[ids] = scores
    return every
