"""How much `quire train --from-documents` gains on documents that it did not learn from.

    python tests/benchmarks/adapting.py TEXT FOLDER [options of quire train]

Sets documents from prose (TEXT holds prose*.jsonl(.xz), as `make mini` takes it), in six
typefaces, one or two columns, at 8 to 12 points, and lets the command adapt to them and measure.
"""

import random
import sys
from collections import defaultdict
from html import escape
from pathlib import Path
from typing import Any

import pymupdf

from quire.adapters.read.prose import json_lines
from quire.engine.cli.app import main

DOCUMENTS, FEWEST, MOST = 24, 12_000, 30_000  # letters of a document
FACES = ("serif", "sans-serif", "monospace")
A4 = pymupdf.paper_rect("a4")


def prose(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Document -> its sections, of English documents of a fair length, a few of each source."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in json_lines(sorted(folder.glob("prose*.jsonl*"))[0]):
        if line.get("lang") == "en":
            found[line["id"].rpartition("#")[0]].append(line)
    sizes = {name: sum(len(line["text"]) for line in own) for name, own in found.items()}
    able = sorted(name for name in found if sizes[name] >= FEWEST)
    random.Random(0).shuffle(able)
    chosen, sources = [], defaultdict(int)
    for name in able:
        source = found[name][0]["source"]
        if sources[source] < 2:
            chosen.append(name)
            sources[source] += 1
    return {name: found[name] for name in chosen[:DOCUMENTS]}


def write(sections: list[dict[str, Any]], number: int, path: Path) -> None:
    rng = random.Random(number)
    size, face, columns = rng.choice((8, 9, 10, 11, 12)), rng.choice(FACES), rng.choice((1, 2))
    body, held = [f"<h1>{escape(sections[0]['title'] or '')}</h1>"], 0
    for section in sections:
        heading = (section["headings"] or [""])[-1]
        body.append(f"<h2>{escape(heading)}</h2>")
        body += [f"<p>{escape(part)}</p>" for part in section["text"].split("\n\n")]
        held += len(section["text"])
        if held > MOST:
            break
    css = f"body {{ font-family: {face}; font-size: {size}pt; }} h2 {{ font-size: {size * 1.4}pt }}"
    story = pymupdf.Story("".join(body), user_css=css)
    wide = (A4.width - 80) / columns
    boxes = [(40 + i * wide, 50, 30 + (i + 1) * wide, A4.height - 50) for i in range(columns)]
    writer = pymupdf.DocumentWriter(str(path))
    more = True
    while more:
        device = writer.begin_page(A4)
        for box in boxes:
            more, _ = story.place(pymupdf.Rect(box)) if more else (False, None)
            story.draw(device)
        writer.end_page()
    writer.close()


if __name__ == "__main__":
    text, folder, *options = sys.argv[1:]
    documents = Path(folder) / "documents"
    documents.mkdir(parents=True, exist_ok=True)
    for number, sections in enumerate(prose(Path(text)).values()):
        if not (path := documents / f"{number:02}.pdf").exists():
            write(sections, number, path)
    out = str(Path(folder) / "adapted")
    sys.exit(main(["train", "--from-documents", str(documents), "--out", out, *options]))
