# Three commands, each of which sets up all that it needs in .venv:
#   make lab    opens the course in JupyterLab
#   make test   runs every test
#   make site   makes static pages of the lessons in build/site
# Others: make release DIR=../my-course (for a class, with nbgrader; ARGS="--lessons 02 05 --seed 1"),
# make build (rebuild the notebooks), make browser (lessons and site in a real browser, the seconds of
# each Run All and what each Explore did), make lock (new pins), make clean.
#
# On Linux the default torch is the large CUDA build. Name PyTorch's CPU index to get the small one:
#   make lab TORCH_INDEX=<address of the CPU index, see pytorch.org>

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
TORCH_INDEX ?=
TORCH_ARGS := $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))

# One thread a process: two processes with one thread each run much faster than one with two.
export OMP_NUM_THREADS ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
WORKERS ?= 2

lab_EXTRAS := lab
release_EXTRAS := release
site_EXTRAS := site
test_EXTRAS := test,lab,release,site

PINS := pyproject.toml requirements.lock Makefile
NBVAL := -q -o addopts= --nbval-sanitize-with tests/nbval.cfg --nbval-cell-timeout 120
STRICT = $(BIN)/python -m pytest --nbval $(NBVAL) -n $(WORKERS) --dist loadfile notebooks/solutions
STUDENT = $(BIN)/python -m pytest --nbval-lax $(NBVAL) -n $(WORKERS) --dist loadfile \
	$(wildcard notebooks/*.ipynb)

# JupyterLab asks nobody about news, and asks no server for updates.
LAB_SETTINGS := $(VENV)/share/jupyter/lab/settings
QUIET_LAB := '{"@jupyterlab/apputils-extension:notification": \
	{"fetchNews": "false", "checkForUpdates": false}}'

.PHONY: lab test site browser two-threads release build figures lock clean
lab: $(VENV)/.lab
	@mkdir -p $(LAB_SETTINGS) && echo $(QUIET_LAB) > $(LAB_SETTINGS)/overrides.json
	$(BIN)/jupyter lab --ServerApp.root_dir=notebooks \
		--LabApp.default_url=/lab/tree/00_start_here.ipynb $(if $(filter 0,$(shell id -u)),--allow-root)

test: $(VENV)/.test
	$(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check .
	$(BIN)/l0course build --check
	$(BIN)/python -m pytest -n $(WORKERS)
	$(STRICT)
	$(STUDENT)

browser: $(VENV)/.test
	$(BIN)/python -m pytest tests/browser

site: $(VENV)/.site
	$(BIN)/l0course site build/site

two-threads: $(VENV)/.test
	OMP_NUM_THREADS=2 $(STRICT)

release: $(if $(DIR),$(VENV)/.release)
	$(if $(DIR),,$(error Name a new folder: make release DIR=../my-course))
	$(BIN)/l0course release $(DIR) $(ARGS)

build: $(VENV)/.test
	$(BIN)/l0course build

# Every set-up keeps .venv/.unfinished until its end. Finding one, or no uv, means that an earlier
# set-up was interrupted or never was: start afresh.
$(VENV)/.test $(VENV)/.lab $(VENV)/.release $(VENV)/.site: $(VENV)/.%: $(PINS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "l0course needs Python 3.11 or newer. Name one: make $(MAKECMDGOALS) PYTHON=python3.12"; \
		exit 1; }
	@if [ -e $(VENV)/.unfinished ] || [ ! -x $(BIN)/uv ]; then \
		echo "Setting up $(VENV): a minute or two, once."; \
		rm -rf $(VENV) && mkdir -p $(VENV) && touch $(VENV)/.unfinished && \
		$(PYTHON) -m venv $(VENV); fi
	@touch $(VENV)/.unfinished
	$(BIN)/python -m pip install --quiet --constraint requirements.lock $(TORCH_ARGS) torch uv
	UV_COMPILE_BYTECODE=1 $(BIN)/uv pip install --quiet --python $(BIN)/python \
		--constraint requirements.lock --editable '.[$($*_EXTRAS),peers,cluster]'
	@rm $(VENV)/.unfinished && touch $@

lock: $(VENV)/.test $(VENV)/.lab
	$(BIN)/uv pip freeze --python $(BIN)/python --exclude-editable | sed 's/+cpu//' > requirements.lock

clean:
	rm -rf $(VENV)
