# make demo   install, index the sample documents, search three times, draw demo.png; then serve
#             them, ask in a browser (Playwright and chromium, if they are there): demo-page.png
#             DOCS=folder QUERY="a question" search documents of your own
# make test   everything that must be green: style, types, tests
# make bench  how good and how fast: quality on the samples, speed of each step, and of scoring beside
#             others that are installed
# make hostile DIR=folder   read every file of a folder and tell how each ended
# make fuzz   damage documents in 300 ways, read them all, twice: SEED=1 VARIANTS=300
# make soak   an hour and more of what the tests do for seconds: requests of every kind to a server,
#             kills (KILLS=200), two writers at once, and half an hour without rest
# make samples   draw the sample documents again
# make mini   train the default encoder and its adapters again, resuming: TEXT=folder with
#             prose, similar and code (*.jsonl, or .xz), TEACHER=a sentence-transformers model
# make clean  remove what these have made, the environment too

PYTHON ?= python3
VENV ?= .venv
DOCS ?= tests/samples/corpus
TEXT ?= text
TEACHER ?= sentence-transformers/all-MiniLM-L6-v2
PROCESSES ?= 2
SEED ?= 1
VARIANTS ?= 300
KILLS ?= 200
export DOCS QUERY
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: demo test bench hostile fuzz soak samples mini clean

demo: $(INSTALLED)
	@library="demo-library/$$(basename "$$DOCS")-$$(printf %s "$$DOCS" | cksum | cut -d ' ' -f 1)"; \
	mkdir -p demo-library; \
	$(BIN)/quire index "$$DOCS" --library "$$library" || { code=$$?; [ $$code -eq 1 ] || exit $$code; }; \
	if [ -n "$$QUERY" ]; then set -- "$$QUERY"; else set -- \
	    --mode visual "Which route did most passengers travel?" \
	    "sound waves of one scream arriving at three microphones" \
	    "How did the lamp of the lighthouse stay lit in the gale?"; fi; \
	$(BIN)/quire search "$$@" -k 3 --library "$$library" --out demo.png && \
	$(BIN)/python tests/demo_page.py "$$library" \
	    "$${QUERY:-Which captain retires after thirty-four years?}" --out demo-page.png

test: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

bench: $(INSTALLED)
	$(BIN)/quire eval tests/samples
	$(BIN)/python tests/bench.py
	$(BIN)/python tests/benchmarks/scoring.py

hostile: $(INSTALLED)
	$(BIN)/python tests/hostile.py "$(DIR)"

fuzz: $(INSTALLED)
	@folder="$$(mktemp -d)"; trap 'rm -rf "$$folder"' EXIT; \
	$(BIN)/python tests/fuzz.py "$$folder/files" --seed $(SEED) --variants $(VARIANTS) && \
	$(BIN)/python tests/fuzz_formats.py "$$folder/files/formats" --seed $(SEED) && \
	for run in 1 2; do \
	    $(BIN)/python tests/hostile.py "$$folder/files" --state "$$folder/state.json" || exit 1; \
	done

soak: $(INSTALLED)
	$(BIN)/python tests/fuzz_api.py --examples 200 --seed $(SEED)
	$(BIN)/python tests/crash.py --kills $(KILLS)
	$(BIN)/python tests/together.py
	$(BIN)/python tests/soak.py

samples: $(INSTALLED)
	$(BIN)/python tests/samples/make.py

mini: $(INSTALLED)
	$(BIN)/python -m torch.distributed.run --nproc-per-node $(PROCESSES) -m quire.adapters.read \
	    --text "$(TEXT)" --out .work/read
	$(BIN)/python -m torch.distributed.run --nproc-per-node $(PROCESSES) -m quire.adapters.read \
	    --text "$(TEXT)" --stage ask --begin-from .work/read --folder .work/ask --steps 300 \
	    --out engine/encode/mini
	for task in similarity code; do \
	    $(BIN)/python -m quire.adapters.distil --text "$(TEXT)" --base engine/encode/mini \
	        --teacher "$(TEACHER)" --mixture $$task --folder ".work/$$task" \
	        --out "engine/encode/mini/adapters/$$task" || exit 1; \
	done

clean:
	rm -rf $(VENV) build dist quire.egg-info demo-library demo.png demo-page.png
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Installed once, and again when what is asked for has changed. Without build isolation the pinned
# setuptools is the one that builds; torch is named so that its pin is the first thing settled.
$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("quire needs Python 3.11 or \
	newer, this is %s: call make PYTHON=python3.12" % sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt setuptools
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
	    --no-build-isolation torch==2.13.0 -e ".[dev]"
	@touch $@
