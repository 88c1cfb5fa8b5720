"""Make the sample documents: `python tests/samples/make.py`.

Everything in them is invented. Run again, it writes the same pages; with the versions pinned in
`constraints.txt`, the same bytes. The questions about them (`queries.jsonl`) and the pages that
answer each (`qrels.tsv`) are written by hand.
"""

import argparse
import importlib
import logging
from pathlib import Path

from matplotlib import rc_context, rcParamsDefault

HERE = Path(__file__).parent
# file name in corpus/ -> module of `writing` that draws it
DOCUMENTS = {
    "ferry-report-2025.pdf": "ferries",
    "coffee-roaster-manual.pdf": "roaster",
    "district-heat-slides.pdf": "heat",
    "lighthouse-letter-scan.pdf": "lighthouse",
    "swift-counting-paper.pdf": "swifts",
    "tea-cooperative-zh.pdf": "tea",
    "stadtbibliothek-jahresbericht-de.pdf": "library",
    "museum-floor-plans.tiff": "museum",
    "night-bus-poster.png": "bus",
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the sample documents.")
    parser.add_argument("--out", type=Path, default=HERE / "corpus", help="folder to write to")
    parser.add_argument("--only", choices=DOCUMENTS, help="make this document alone")
    chosen = parser.parse_args()
    # fontTools tells for every formula how old the fonts of matplotlib are.
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    chosen.out.mkdir(parents=True, exist_ok=True)
    for name in [chosen.only] if chosen.only else DOCUMENTS:
        module = importlib.import_module(f"writing.{DOCUMENTS[name]}")
        with rc_context({**rcParamsDefault, "pdf.fonttype": 42, "font.size": 10}):
            module.build(chosen.out / name)


if __name__ == "__main__":
    main()
