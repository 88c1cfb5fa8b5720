"""Which letters of a question each of its rows stands for."""

import re

from .checkpoint import Checkpoint
from .items import sequence_of
from .prompt import fill_template, instruct, readable

Span = tuple[int, int]
UNKNOWN = ("[UNK]", "<unk>")
_TEXT_PIECE = re.compile(r"(<\|\w+\|>|</?s>)")


def query_spans(checkpoint: Checkpoint, text: str, task: str) -> list[Span | None]:
    """One entry for each row that `encode_query` gives: text[start:end], or None for a row of the
    template, of a special token, of padding, of the whole, or of letters that the model does not
    know. Letters of one piece may be part of a word."""
    family, tokenizer, text = checkpoint.family, checkpoint.tokenizer, readable(text)
    template = family.template("query", task)
    prompt = fill_template(tokenizer, family, template, text)
    [own] = [part for part in _TEXT_PIECE.split(template) if "{text}" in part]
    before, _, after = own.partition("{text}")
    told = instruct(family, None)
    head = before.replace("{instruction}", told)
    run = tokenizer.encode(head + text + after.replace("{instruction}", told),
                           add_special_tokens=False)  # fmt: skip
    spans: list[Span | None] = [None] * len(prompt.ids)
    first, end = prompt.own
    pieces = zip(range(first, end), run.tokens, run.offsets, strict=False)
    for place, piece, (start, stop) in pieces:
        if piece in UNKNOWN:
            continue
        start, stop = max(start - len(head), 0), min(stop - len(head), len(text))
        if start < stop:
            spans[place] = (start, stop)
    sequence = sequence_of(text, checkpoint, "query", task, None)
    kept = [span for span, kept in zip(spans, sequence.keep, strict=True) if kept]
    return [*kept, None] if sequence.whole else kept
