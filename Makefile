# Everything a newcomer runs. Every target works first in a fresh clone: what it needs is installed on the way.
.DEFAULT_GOAL := help
.PHONY: help install up down restart status logs reset test test-fast test-pages pictures check bench faults faults-mutations fast-store
BIN := .venv/bin
# Where it is set, each of an instance's processes compiles all that it imports: 2.5 s of CPU instead of 0.9 s.
unexport PYTHONDONTWRITEBYTECODE

help: ## What can be run here
	@sed -n 's/^\([a-z%A-Z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

install: ## Install what is missing; the other targets do it by themselves
	@deploy/install.sh

up: install ## Start Wellheard here, with demo data on the first start
	@$(BIN)/python -m deploy.up

down: install ## Stop it; all data stays
	@$(BIN)/python -m deploy.down

restart: install ## Restart every process, one after another; nobody is refused meanwhile
	@$(BIN)/wellheard restart

status: install ## What runs, and how much waits in the queues
	@$(BIN)/wellheard status

logs: install ## Follow the logs of all processes
	@tail -n 20 -F $${WELLHEARD_STATE_DIR:-.wellheard}/log/*.log

reset: install ## Stop it and throw all its data away
	@$(BIN)/python -m deploy.down --reset

test: install ## All tests, on real servers; what cannot run here is skipped with its reason
	@$(BIN)/pytest -rs -n 3 --dist loadfile --no-loadscope-reorder

test-fast: install ## Rules, domain and stories, in process; a look after every change
	@$(BIN)/pytest -n auto -m "not servers and not thorough" --ignore=tests/web

test-pages: install ## Pages and the API, in process
	@$(BIN)/pytest -n auto -m "not servers and not thorough" tests/web

pictures: install ## Every page and each step of the stories, at two widths, in screenshots/
	@PICTURES=1 $(BIN)/pytest tests/browser

check: install ## Lint, types, imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

bench: install ## Every bench, each ends with a line of JSON
	@for file in bench/[a-z]*.py; do case $$file in */harness.py) ;; *) $(BIN)/python -m bench.$$(basename $$file .py) || exit 1;; esac; done

bench-%: install
	@$(BIN)/python -m bench.$*

SEEDS ?= 0
faults: install ## The fault matrix; SEEDS=2 plays two seeds of each scenario, two beside each other; RESUME=1 goes on where it was left
	@$(BIN)/python -m tests.faults --seeds $(SEEDS) --at-once 2 $(if $(RESUME),--resume) $(FAULTS)

faults-mutations: install ## Breaks the code on purpose and shows that the harness notices
	@$(BIN)/python -m tests.faults.mutations

fast-store: ## Build the ten times faster store, once (needs cargo; about ten minutes)
	@deploy/fast-store.sh
