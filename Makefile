# Everything here starts from Python 3.11 and make. PostgreSQL, Valkey and Node come as wheels, for the tests alone.
#
# What was installed is remembered in .make/, under the checksum of the files that asked for it: nothing changed, nothing
# is done again.

PYTHON =
BIN = .venv/bin
PIP = $(BIN)/python -m pip -qq --disable-pip-version-check
NPM = ../$(BIN)/python ../tests/programs.py npm
LOCK = .make/uv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
  --no-annotate --no-header

# What waited in vain, on a busy machine, is tried once more and listed; what fails without waiting is not.
LATE = --reruns 1 --only-rerun '(?i)time(d )?-?out' -rR

checksum = $(shell cat $(1) | cksum | tr ' ' -)
RUN = .make/run-$(call checksum,requirements/build.txt requirements/run.txt setup.cfg pyproject.toml)
TEST = .make/test-$(call checksum,requirements/test.txt)
BANNER = .make/banner-$(call checksum,banner/package-lock.json)
PEERS = .make/peers-$(call checksum,benchmarks/banner/package-lock.json)

.PHONY: help run test test-faults test-scans test-api benchmarks lint format banner words lock clean browser nginx

help:  ## list these targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/make \1|\2/' | column -t -s '|' 2>/dev/null \
	  || grep -E '^[a-z-]+:.*##' Makefile

run: $(RUN)  ## start everything on this machine, with five demo sites
	@exec $(BIN)/consent-server run --demo

test: $(TEST) $(BANNER) $(PEERS) browser  ## run every test: units, both databases, faults, real browser
	@exec $(BIN)/python -m pytest -n 2 --dist loadfile $(LATE) $(PYTEST)

test-faults: $(TEST)  ## kill whatever can be killed, hundreds of times on each engine, and whatever else may go wrong
	@CONSENT_TEST_FAULTS=long $(BIN)/python -m pytest tests/faults $(PYTEST)

test-scans: $(TEST) $(PEERS) browser  ## scan all sites made for it, and the demo sites with and without our banner (up to an hour)
	@CONSENT_TEST_SITES=all $(BIN)/python -m pytest tests/scan $(PYTEST)

benchmarks: $(TEST) browser  ## measure everything twice and write docs/benchmarks.md (leave the machine alone for long)
	@exec $(BIN)/python -m benchmarks

test-cluster: $(TEST) nginx  ## two web nodes, worker, PostgreSQL, Redis and nginx: restarts and upgrades under load
	@CONSENT_TEST_CLUSTER=1 CONSENT_TEST_RESTARTS=20 CONSENT_TEST_BACKUPS=10 \
	  $(BIN)/python -m pytest tests/cluster tests/cli/test_backup.py tests/storage/test_upgrades.py $(PYTEST)

test-api: $(TEST)  ## send /api/v1 everything that it describes and forbids, as every role, on each engine
	@CONSENT_TEST_ROLES=all $(BIN)/python -m pytest tests/web/test_openapi.py $(PYTEST)

lint: $(TEST) $(BANNER)  ## check style, types and the floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd banner && $(NPM) run typecheck
	$(BIN)/python -m pytest -q -p no:cacheprovider tests/test_house.py

format: $(TEST)  ## put the Python code in its one form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

banner: $(TEST) $(BANNER)  ## build static/banner.js from banner/
	cd banner && $(NPM) run build

words: $(TEST)  ## gather what the admin says, and compile its French
	$(BIN)/python -m tests.words

lock: $(RUN)  ## choose the versions anew from setup.cfg and write requirements/ (with uv, in an environment of its own)
	@$(BIN)/python -m venv .make/uv && .make/uv/bin/python -m pip -qq --disable-pip-version-check install uv
	$(LOCK) --output-file requirements/run.txt setup.cfg
	$(LOCK) --extra test --constraint requirements/run.txt --output-file requirements/test.txt setup.cfg
	echo 'setuptools>=77' | $(LOCK) --output-file requirements/build.txt -

clean:  ## remove what was installed and built here, and nothing that was recorded
	rm -rf .venv .make build *.egg-info banner/node_modules benchmarks/banner/node_modules .pytest_cache .hypothesis \
	  .mypy_cache .ruff_cache .import_linter_cache .schemathesis test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A name on PATH may be an empty promise (pyenv's shims), and Debian's python3 comes without its venv module: ask each.
.venv/pyvenv.cfg:
	@for each in $(or $(PYTHON),python3.11 python3.12 python3.13 python3.14 python3 python); do \
	  "$$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  found="$$each"; "$$each" -c 'import ensurepip, venv' 2>/dev/null && exec "$$each" -m venv --clear .venv; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Python 3.11 or newer was not found: install it, or say where it is: make PYTHON=/path/to/python3.11" >&2; \
	else \
	  echo "$$found has no venv module: install it (Debian, Ubuntu: apt-get install python3-venv)" >&2; \
	fi; exit 1

$(RUN): .venv/pyvenv.cfg
	@echo "Installing what the server needs into .venv"
	@$(PIP) install --require-hashes -r requirements/build.txt -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@mkdir -p .make && rm -f .make/run-* && touch $@

$(TEST): $(RUN)
	@echo "Installing what the tests need into .venv"
	@$(PIP) install --require-hashes -r requirements/test.txt
	@rm -f .make/test-* && touch $@

$(BANNER): $(TEST)
	@echo "Installing what the banner is built with into banner/node_modules"
	@cd banner && $(NPM) ci --loglevel=error
	@rm -f .make/banner-* && touch $@

$(PEERS): $(TEST)
	@echo "Installing the banners that ours is compared with into benchmarks/banner/node_modules"
	@cd benchmarks/banner && ../../$(BIN)/python ../../tests/programs.py npm ci --ignore-scripts --loglevel=error
	@rm -f .make/peers-* && touch $@

# What no wheel carries. Firefox's tests are skipped where it is not installed.
browser: $(TEST)
	@$(BIN)/python tests/programs.py chromium >/dev/null 2>&1 \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	       && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y chromium; } \
	  || $(BIN)/python tests/programs.py chromium >/dev/null
	@$(BIN)/python tests/programs.py firefox >/dev/null 2>&1 \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	       && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y firefox-esr; } >/dev/null 2>&1 || true

nginx: $(TEST)
	@$(BIN)/python tests/programs.py nginx >/dev/null 2>&1 \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	       && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y nginx-light; } >/dev/null 2>&1 \
	  || $(BIN)/python tests/programs.py nginx || true
