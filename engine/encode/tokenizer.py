"""The tokenizer of a checkpoint, without templates, cutting or padding of its own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import EncodeError
from .family import Family
from .prompt import fill_template


def tokenizer_files(folders: Sequence[Path]) -> list[Path]:
    """`tokenizer.json`, or `vocab.json` and `merges.txt`, of the first folder that has them."""
    for names in (["tokenizer.json"], ["vocab.json", "merges.txt"]):
        for folder in folders:
            files = [folder / name for name in names]
            if all(file.is_file() for file in files):
                return files
    raise EncodeError(
        f"{folders[0]} holds no tokenizer.json (nor vocab.json and merges.txt): fetch it again"
    )


def load_tokenizer(folders: Sequence[Path], family: Family) -> Any:
    """A `tokenizers.Tokenizer` that takes special tokens in a text for ordinary text.

    Families whose tokenizer is to close a text by its own template are held to it: pooled is at
    the token that it appends.
    """
    from tokenizers import Tokenizer

    files = tokenizer_files(folders)
    if files[0].name == "tokenizer.json":
        tokenizer = Tokenizer.from_file(str(files[0]))
    else:
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(str(files[0].parent)).backend_tokenizer
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True
    if family.closed_by_tokenizer:
        own = list(tokenizer.encode("a").ids)
        if own != fill_template(tokenizer, family, family.document, "a").ids:
            raise EncodeError(
                f"{files[0]} makes {own} of 'a', without the tokens that {family.name} puts "
                "around a text: it is the tokenizer of another model (a reranker's, perhaps)"
            )
    return tokenizer
