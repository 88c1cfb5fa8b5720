"""One step's examples, as sides to encode and a loss over them."""

from collections.abc import Callable, Sequence

import torch

from ..errors import AdapterError
from ..tasks import SIMILARITY
from .cached import Side
from .encoded import Encoded
from .examples import Example, Known, Pair, Scored
from .objective import Terms, likeness_loss, scored_loss, search_loss
from .plan import Plan


def sides_of(
    plan: Plan, examples: Sequence[Example], known: Known, dims: Sequence[int], device: str
) -> tuple[list[Side], Callable[..., Terms]]:
    """What to encode, and the loss of what comes back. All examples are of one kind.

    Similar texts are both encoded as queries, as those who compare them do.
    """
    if isinstance(examples[0], Scored):
        scored = [e for e in examples if isinstance(e, Scored)]
        scores = torch.tensor([e.score for e in scored], device=device)
        sides = [Side([e.first for e in scored], True), Side([e.second for e in scored], True)]

        def of_scored(first: Encoded, second: Encoded) -> Terms:
            return scored_loss(plan, dims, first, second, scores)

        return sides, of_scored
    pairs = [e for e in examples if isinstance(e, Pair)]
    queries = [pair.query for pair in pairs]
    candidates = [pair.right for pair in pairs]
    candidates += [wrong for pair in pairs for wrong in pair.wrong]
    right = torch.arange(len(pairs), device=device)
    table = known.table(queries, candidates).to(device)
    alike = plan.task == SIMILARITY
    loss = likeness_loss if alike else search_loss

    def of_pairs(first: Encoded, second: Encoded) -> Terms:
        return loss(plan, dims, first, second, right, table)

    return [Side(queries, True), Side(candidates, alike)], of_pairs


def check_examples(plan: Plan, examples: Sequence[Example]) -> None:
    """`AdapterError` for examples that the task cannot learn from."""
    scored = sum(isinstance(e, Scored) for e in examples)
    if scored and plan.task != SIMILARITY:
        raise AdapterError(
            f"{scored} of {len(examples)} examples are scored pairs, and the task {plan.task!r} "
            "learns from queries with answers: train the task 'similarity' with them"
        )
    if len(examples) < 2:
        raise AdapterError(f"{len(examples)} examples are too few: give two or more")
