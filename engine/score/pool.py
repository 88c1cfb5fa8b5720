"""Fewer rows a page: rows that look alike become one.

Ward's tree over the rows of a page is cut where the wanted number of groups is left, and each
group is replaced by its mean, brought back to length 1. Source: hierarchical token pooling
(Clavié, Chaffin and Adams 2024, arxiv 2409.14683), which ColPali's authors use, too.
"""

import numpy as np
from jaxtyping import Float, Int

from .packed import Packed, pack


def pool_pages(pages: Packed, *, factor: int = 1, most: int | None = None) -> Packed:
    """A `factor`-th of each page's rows (rounded up), and never more than `most`; same dtype."""
    pooled = []
    for i in range(len(pages)):
        page = pages.page(i)
        groups = groups_of(page, wanted(len(page), factor, most))
        pooled.append(mean_rows(page, groups))
    return pack(pooled, dim=pages.dim)


def wanted(rows: int, factor: int, most: int | None) -> int:
    """How many rows a page of so many keeps."""
    kept = -(-rows // factor)
    return kept if most is None else min(kept, most)


def groups_of(page: Float[np.ndarray, "p d"], count: int) -> Int[np.ndarray, " p"]:
    """The group, from 0 to at most `count` - 1, of each row; groups are numbered as they come."""
    if len(page) <= count:
        return np.arange(len(page))
    if count == 1:
        return np.zeros(len(page), dtype=np.int64)
    from scipy.cluster.hierarchy import fcluster, linkage

    tree = linkage(_distances(page), method="ward")
    found = fcluster(tree, count, criterion="maxclust")
    _, firsts, groups = np.unique(found, return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(firsts))
    numbered: Int[np.ndarray, " p"] = order[groups.reshape(-1)].astype(np.int64)
    return numbered


def _distances(page: Float[np.ndarray, "p d"]) -> Float[np.ndarray, " pairs"]:
    """Between any two rows, as scipy wants them: by one product, which takes half of the time of
    `pdist`. In float64, for rows that are nearly the same."""
    from scipy.spatial.distance import squareform

    wide = page.astype(np.float64)
    products = wide @ wide.T
    sizes = np.diag(products).copy()
    products *= -2
    products += sizes
    products += sizes[:, None]
    np.maximum(products, 0, out=products)
    pairs: Float[np.ndarray, " pairs"] = squareform(np.sqrt(products, out=products), checks=False)
    return pairs


def mean_rows(
    page: Float[np.ndarray, "p d"], groups: Int[np.ndarray, " p"]
) -> Float[np.ndarray, "g d"]:
    """The mean of each group, of length 1 (or 0 if its rows cancel out)."""
    sums = np.zeros((int(groups.max(initial=-1)) + 1, page.shape[1]), dtype=np.float32)
    np.add.at(sums, groups, page.astype(np.float32))
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    means: Float[np.ndarray, "g d"] = (sums / np.maximum(lengths, 1e-12)).astype(page.dtype)
    return means
