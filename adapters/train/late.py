"""Late scores of every query with every document, differentiable, in bounded memory."""

import torch
from jaxtyping import Float
from torch import Tensor

from .encoded import Encoded

PRODUCTS = 1 << 26  # of rows, that are held at once: 256 MB


def late_scores(queries: Encoded, documents: Encoded) -> Float[Tensor, "n m"]:
    """MaxSim divided by the number of query rows: in [-1, 1].

    Where query rows have a length other than one, it is divided by the sum of the lengths, which
    is the same for unit rows. Padding never takes part. Queries are taken a few at a time, so that
    at most PRODUCTS products are held. Sources: Khattab and Zaharia 2020, ColBERT, equation 3; the
    division: Günther et al. 2025, jina-embeddings-v4 (arXiv 2506.18902), training phase 1.
    """
    m, p, dim = documents.rows.shape
    q = queries.rows.shape[1]
    flat = documents.rows.reshape(m * p, dim).T
    few = max(1, PRODUCTS // max(1, q * m * p))
    out = []
    for start in range(0, len(queries), few):
        rows = queries.rows[start : start + few]
        real = queries.real[start : start + few]
        products = (rows.reshape(-1, dim) @ flat).view(-1, m, p)
        best = products.masked_fill(~documents.real, float("-inf")).max(-1).values
        best = best.view(len(rows), q, m) * real[..., None]
        lengths = rows.detach().norm(dim=-1) * real
        out.append(best.sum(1) / lengths.sum(1, keepdim=True).clamp(min=1e-6))
    return torch.cat(out)
