# Everything for people who use or change PyctureStream; `make` alone lists it.
# Needs nothing but Python 3.11-3.13. Settings: PYTHON (which one), ENGINE (litert or tensorflow),
# KAFKA_BROKERS (1 or 3), SPARK_WORKERS (Spark as a cluster of so many workers on this machine).

.DEFAULT_GOAL := help
.PHONY: help up down containers environment environment-test provision test bench soak unit check requirements clean
SHELL := /bin/sh
unexport PYTHONDONTWRITEBYTECODE # without byte code TensorFlow takes 12 s to import instead of 3
unexport PYTHONPATH
export PYTHON
ifneq ($(ENGINE),)
export PYCTURESTREAM_ENGINE := $(ENGINE)
endif
ifneq ($(KAFKA_BROKERS),)
export PYCTURESTREAM_KAFKA_BROKERS := $(KAFKA_BROKERS)
endif
ifneq ($(SPARK_WORKERS),)
export PYCTURESTREAM_SPARK_WORKERS := $(SPARK_WORKERS)
endif
VENV := .venv/bin/python
PYTEST := $(VENV) -m pytest

# A version manager's stub may stand on PATH for a Python that is not there, so each is run before it is used.
define find_python
fits='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'; \
set -- "$$PYTHON"; \
[ -n "$$PYTHON" ] || set -- .venv/bin/python python3.13 python3.12 python3.11 python3 python; \
for python do "$$python" -c "$$fits" 2>/dev/null && break; python=; done; \
if [ -z "$$python" ]; then \
  echo "no Python 3.11, 3.12 or 3.13 found ($${PYTHON:+PYTHON=$$PYTHON is none; }tried: $$*)." >&2; \
  echo "Install one (Debian, Ubuntu: sudo apt install python3 python3-venv; macOS: brew install python@3.13)" >&2; \
  echo "or name it: make up PYTHON=/path/to/python3.13" >&2; \
  exit 1; \
fi
endef

help: ## list what can be made
	@sed -n 's/^\([a-z][a-z-]*\):.*## /\1	/p' Makefile | while IFS='	' read -r name what; do printf '  make %-14s %s\n' "$$name" "$$what"; done

up: environment ## set everything up, start the system and say what runs where
	@./pycturestream up

down: ## stop everything
	@if [ -x $(VENV) ]; then ./pycturestream down; else echo "nothing is set up, so nothing runs"; fi

# A container reads its secret as another user than you, so the file is open to all and the folder to you alone.
PROFILE := core
SECRETS := dashboard_password postgres_password
containers: ## start it in containers instead, by Docker: PROFILE=core or full
	@umask 022; mkdir -p -m 700 secrets; for name in $(SECRETS); do \
	  [ -s secrets/$$name ] || head -c 18 /dev/urandom | base64 > secrets/$$name; done
	@docker compose --profile $(PROFILE) up --build --detach --wait
	@docker compose --profile $(PROFILE) ps --all
	@echo "dashboard: http://127.0.0.1:8078  user admin  password in secrets/dashboard_password"

environment: ## only make the virtual environment .venv
	@$(find_python); "$$python" -m stack.environment

environment-test:
	@$(find_python); "$$python" -m stack.environment dev java

provision: environment ## only fetch jars, model and clips
	@$(VENV) -m stack.provision

test: environment-test ## set up what is needed and run all tests
	@$(VENV) -m stack.provision
	@$(PYTEST) -p tests.second_runs -n 2 --dist loadfile --no-loadscope-reorder

bench: environment-test ## measure the stream beside the bare detector and a plain consumer
	@$(VENV) -m stack.provision
	@$(VENV) -m benchmarks.speed.bench

soak: environment-test ## run the long benchmarks, two hours or more; they print date and commit
	@$(VENV) -m stack.provision
	@date -u +%Y-%m-%dT%H:%M:%SZ; git log -1 --format='commit %h, %cs'; uname -sm
	$(VENV) -m benchmarks.operation.footprint
	$(VENV) -m benchmarks.batch.long_log
	$(VENV) -m benchmarks.batch.history
	$(VENV) -m benchmarks.pages.report_pages
	$(VENV) -m benchmarks.pages.explore_pages
	$(VENV) -m benchmarks.pages.live_page
	$(VENV) -m benchmarks.speed.compare_engines
	$(VENV) -m benchmarks.operation.capture_outage
	$(VENV) -m benchmarks.speed.cluster_workers
	$(PYTEST) -q --log-cli-level=INFO tests/end_to_end/whole_secured.py
	RECONNECTS=100 $(PYTEST) -q tests/capture/sources/test_live_reader.py -k reconnects
	PYCTURESTREAM_SPARK_WORKERS=2 $(PYTEST) -q tests/end_to_end/test_batch_layer.py
	COMPILED=1 SEEDS=5 $(PYTEST) -q -m spark tests/jobs tests/lake tests/faults

unit: environment-test ## run the quick tests: no Spark, model or Kafka
	@$(PYTEST) -q -n 2 -m "not spark and not model and not system"

check: environment-test ## check format, lint, types and architecture
	@$(VENV) -m ruff format --check .
	@$(VENV) -m ruff check .
	@$(VENV) -m mypy
	@$(PYTEST) -q -k architecture # by name, so that every test is imported

COMPILE := $(VENV) -m uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11
# UPGRADE=--upgrade takes newer versions; without it the present ones stay where they still fit.
extra = $(VENV) -c 'import tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; print(*project["optional-dependencies"]["$(1)"], sep="\n")'
requirements: environment-test ## for maintainers: compile requirements/*.txt from pyproject.toml anew
	$(COMPILE) $(UPGRADE) pyproject.toml -o requirements/base.txt
	$(COMPILE) $(UPGRADE) pyproject.toml --extra dev -c requirements/base.txt -o requirements/dev.txt
	$(call extra,java) | $(COMPILE) $(UPGRADE) - -o requirements/java.txt
	$(call extra,node) | $(COMPILE) $(UPGRADE) - -o requirements/node.txt
	$(call extra,postgres) | $(COMPILE) $(UPGRADE) - -c requirements/base.txt -o requirements/postgres.txt
	$(call extra,speech) | $(COMPILE) $(UPGRADE) - -o requirements/speech.txt
	$(call extra,s3) | $(COMPILE) $(UPGRADE) - -o requirements/s3.txt
	echo uv | $(COMPILE) $(UPGRADE) --no-annotate - -o requirements/uv.txt

clean: down ## stop everything and delete the environment; data in var/ and the cache are kept
	@if [ -L .venv ]; then rm .venv; else rm -rf .venv; fi
	@rm -rf .mypy_cache .ruff_cache .pytest_cache
