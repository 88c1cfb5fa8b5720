"""The three things a vector can be made for."""

from difflib import get_close_matches

from .errors import UnknownTask

RETRIEVAL = "retrieval"  # a question and the page that answers it
SIMILARITY = "similarity"  # two texts that say the same
CODE = "code"  # a description and the code that does it
TASKS = (RETRIEVAL, SIMILARITY, CODE)


def check_task(task: str, available: tuple[str, ...] = TASKS, model: str = "this model") -> str:
    """`task`, if it exists and the model has weights for it; else `UnknownTask` says which do."""
    if task not in TASKS:
        near = get_close_matches(task, TASKS, n=1)
        mend = f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(TASKS)}"
        raise UnknownTask(f"no task {task!r}; {mend}")
    if task not in available:
        raise UnknownTask(
            f"{model} has no weights for task {task!r}, only for {', '.join(available)}; "
            "use one of these, or a model trained for it"
        )
    return task
