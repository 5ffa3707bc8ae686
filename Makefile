# Every target does its own set-up: the first command in a fresh clone may be any of them.
# Python 3.11 or later is all that must be there (`make rehearse` also needs python3.13, the Lambdas' own, and `make check` npm).

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

CODE := layers/shared/crmsync functions local simulators tests docs
BIN := .venv/bin
SAM := .tools/sam/bin/sam
MINISTACK := .tools/ministack/bin/ministack
CHECKS := .tools/checks/bin
DOCS := .tools/docs/bin
BROWSER := .tools/browser
GUARD := .tools/guard/node_modules/@cdklabs/cdk-validator-cfnguard

# Tools that would otherwise ask a network that a build has no business with.
export SAM_CLI_TELEMETRY := 0
export AWS_DEFAULT_REGION ?= us-east-1

# A test run starts hundreds of processes, and without compiled modules on disk each of them compiles everything anew.
unexport PYTHONDONTWRITEBYTECODE

# The first of these that really runs, is new enough and can make an environment; a version manager's shim may exist and still not run.
VERSIONS = "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python3.14 python $(VERSIONS)3.1[1-9]*/bin/python3; do \
	"$$p" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11)); ' 2>/dev/null && { echo "$$p"; break; }; done)

# The real interpreter behind python3.13: `sam build` refuses a shim.
PYTHON313 ?= $(shell for p in python3.13 $(VERSIONS)3.13.*/bin/python3.13; do \
	"$$p" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info[:2] != (3, 13)); ' 2>/dev/null \
	&& { "$$p" -c 'import sys; print(sys.executable)'; break; }; done)

# Whatever is fetched must have one of the hashes in its list. The lists are whole: pip up to 23 would look for a package that is in a list with an
# extra once more, without its version.
INSTALL := pip install -qq --disable-pip-version-check --require-hashes --no-deps

# The browser of `make browser`.
CHROMIUM := $(shell for b in chromium chromium-browser google-chrome-stable google-chrome; do command -v $$b && break; done)

# What a Lambda calls this machine.
MACHINE := $(if $(filter arm64 aarch64,$(shell uname -m)),arm64,x86_64)

.PHONY: help
help: ## lists the targets
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name says; do \
		printf '  %-18s %s\n' "make $$name" "$$says"; done

.PHONY: venv
venv: $(BIN)/.installed ## makes .venv with everything for development and the command .venv/bin/crmsync

$(BIN)/.installed: requirements/dev.txt pyproject.toml
	$(if $(PYTHON),,$(error crmsync needs Python 3.11 or later with its venv module; none was found. Install one, or say PYTHON=/path/to/python3))
	@echo "Setting up .venv with $(PYTHON) (a minute or two, only when its list of packages has changed)" >&2
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m $(INSTALL) -r requirements/dev.txt
	@# The project itself is a folder, of which pip takes no hash; what builds it comes from the list above.
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

.PHONY: demo
demo: venv ## plays a short story on the laptop stack and shows what happened in both CRMs
	@$(BIN)/python -m local demo $(ARGS)

.PHONY: test
test: venv ## runs the tests (ARGS="-k merge" and the like go to pytest)
	@$(BIN)/python -m pytest $(ARGS)

.PHONY: long
long: venv ## runs the tests that take minutes, which make test leaves out
	@$(BIN)/python -m pytest -m long --long -n 2 $(ARGS)

# Without a browser one line says so, nothing is fetched, and nothing fails.
.PHONY: browser
browser: venv $(if $(CHROMIUM),$(BROWSER)/.installed) ## opens the console in Chromium without a window and tries every page and button
	@$(if $(CHROMIUM),PYTHONPATH=$(BROWSER) CHROMIUM=$(CHROMIUM) $(BIN)/python -m pytest -n 0 --browser -m browser tests/browser $(ARGS), \
		echo "The console was not tried in a browser, because none is here: install Chromium, or say make browser CHROMIUM=/path/to/it")

.PHONY: screenshots
screenshots: venv $(BROWSER)/.installed ## makes the pictures of the console in docs/images anew, from the demo's data
	@PYTHONPATH=$(BROWSER) CHROMIUM=$(CHROMIUM) $(BIN)/python -m tests.browser.screenshots

.PHONY: check
check: venv $(SAM) $(GUARD)/package.json $(CHECKS)/.installed docs ## runs every check and the tests, as the build does
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(SAM) validate --lint
	@# WS1004 knows log groups by Lambda's own names alone; ES1007 takes no EventInvokeConfig inside a function. Dead letters have none of their
	@# own (ES6000), the relay keeps no event (ES4000), and nobody would read those of mails that tell of alarms (ES7000).
	$(CHECKS)/cfn-lint --append-rules cfn_lint_serverless.rules --ignore-checks WS1004 ES1007 ES6000 ES4000 ES7000 -- template.yaml
	$(BIN)/python -m tests.template.control_tower $(GUARD)
	@# B105 takes a word beside the key "secret" for a password, B608 a query for one that is not escaped. Ruff looks for the same (S105, S608),
	@# and there each exception has its reason in the code.
	$(CHECKS)/bandit --quiet --skip B105,B608 --recursive layers/shared/crmsync functions
	@$(MAKE) --no-print-directory test ARGS="$(ARGS)"

.PHONY: rules
rules: venv ## writes pages in build/rules: which rule, which module, which test
	@$(BIN)/python -m tests.house.rules
	@echo "Begin with build/rules/index.md"

.PHONY: docs
docs: $(DOCS)/.installed ## builds the documentation site from docs/ into build/site; any warning is an error
	@NO_MKDOCS_2_WARNING=1 $(DOCS)/mkdocs build --strict

.PHONY: serve
serve: venv ## starts the laptop stack for a person to play with (ARGS adds options, see docs/local.md)
	@$(BIN)/python -m local serve $(or $(ARGS),--live)

.PHONY: soak
soak: venv ## plays random histories in memory (ARGS="--seeds 100000"), or a long story on the laptop stack (ARGS="companies --size 20000")
	@$(BIN)/python -m tests.simulation $(ARGS)

# With -s the figures are the only output, as one JSON document.
.PHONY: bench
bench: venv ## measures calls, speed, memory and cost on the laptop stack (make -s bench prints JSON; ARGS takes names of parts)
	@$(BIN)/python -m local.bench $(if $(findstring s,$(firstword -$(MAKEFLAGS))),--json) $(ARGS)

.PHONY: scale
scale: venv ## measures how cost grows with contacts, mapped fields and connections, in some ten minutes (make -s scale prints JSON; ARGS takes axes)
	@$(BIN)/python -m local.bench.scale $(if $(findstring s,$(firstword -$(MAKEFLAGS))),--json) $(ARGS)

.PHONY: pages
pages: venv ## measures the pages of the console while much is stored, in some two minutes (ARGS="--page docs/performance.md" writes the table)
	@$(BIN)/python -m local.bench.pages $(ARGS)

.PHONY: mutations
mutations: venv ## plants known mistakes in a copy, one at a time, and shows which tests catch them (ARGS takes their names)
	@$(BIN)/python -m tests.mutations $(ARGS)

.PHONY: build
build: $(SAM) ## builds template.yaml for this machine into .aws-sam, with the layer's bill of materials (SharedLayer/sbom.cdx.json)
	$(if $(PYTHON313),,$(error sam build needs python3.13, the Lambdas' runtime. Install it, or say PYTHON313=/path/to/python3.13))
	@mkdir -p .aws-sam
	@PATH="$(dir $(PYTHON313)):$$PATH" $(SAM) build --parameter-overrides Architecture=$(MACHINE) >.aws-sam/build.log 2>&1 \
		|| { cat .aws-sam/build.log; exit 1; }

.PHONY: rehearse
rehearse: venv $(MINISTACK) build ## deploys template.yaml into MiniStack, policies enforced, and plays one contact through
	@$(BIN)/python -m local.rehearsal --sam $(SAM) --ministack $(MINISTACK) --architecture $(MACHINE)

.PHONY: invoke
invoke: venv build ## runs one Lambda in its container: FUNCTION=contact_sync EVENT=events/contact_sync/....json
	@$(BIN)/python -m local.invoke --sam $(SAM) --architecture $(MACHINE) '$(FUNCTION)' '$(EVENT)' $(ARGS)

# Each tool lives in an environment of its own, so that its pins do not touch the project's.
$(SAM): requirements/sam.txt
	$(if $(PYTHON),,$(error The SAM CLI needs Python 3.11 or later with its venv module; none was found. Say PYTHON=/path/to/python3))
	@echo "Setting up the SAM CLI in .tools/sam (a minute or two, only when its list of packages has changed)" >&2
	@$(or $(PYTHON313),$(PYTHON)) -m venv .tools/sam
	@.tools/sam/bin/python -m $(INSTALL) -r requirements/sam.txt
	@touch $@

$(MINISTACK): requirements/ministack.txt
	$(if $(PYTHON313),,$(error make rehearse needs python3.13, the Lambdas' runtime: MiniStack runs them with its own Python. Install it, or say PYTHON313=/path/to/python3.13))
	@echo "Setting up MiniStack in .tools/ministack (a minute, only when its list of packages has changed)" >&2
	@$(PYTHON313) -m venv .tools/ministack
	@.tools/ministack/bin/python -m $(INSTALL) -r requirements/ministack.txt
	@touch $@

# The rules of AWS Control Tower come by npm with the program that evaluates them; npm checks the package against the hash in the lock file.
$(GUARD)/package.json: requirements/guard/package-lock.json
	$(if $(shell command -v npm),,$(error make check needs npm, which brings AWS's rules for templates. Install Node.js 20 or later))
	@echo "Setting up cfn-guard in .tools/guard (half a minute, only when its version has changed)" >&2
	@mkdir -p .tools/guard && cp requirements/guard/package.json requirements/guard/package-lock.json .tools/guard/
	@cd .tools/guard && npm ci --legacy-peer-deps --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(CHECKS)/.installed: requirements/checks.txt
	$(if $(PYTHON),,$(error The checkers need Python 3.11 or later with its venv module; none was found. Say PYTHON=/path/to/python3))
	@echo "Setting up bandit and cfn-lint in .tools/checks (a minute, only when their list of packages has changed)" >&2
	@$(PYTHON) -m venv .tools/checks
	@$(CHECKS)/python -m $(INSTALL) -r requirements/checks.txt
	@touch $@

# A folder, not an environment: the tests run in .venv and see it beside their own packages.
$(BROWSER)/.installed: requirements/browser.txt $(BIN)/.installed
	@echo "Setting up Playwright in .tools/browser (half a minute, only when its list of packages has changed)" >&2
	@rm -rf $(BROWSER)
	@$(BIN)/python -m $(INSTALL) --target $(BROWSER) -r requirements/browser.txt
	@touch $@

$(DOCS)/.installed: requirements/docs.txt
	$(if $(PYTHON),,$(error The documentation site needs Python 3.11 or later with its venv module; none was found. Say PYTHON=/path/to/python3))
	@echo "Setting up mkdocs-material in .tools/docs (half a minute, only when its list of packages has changed)" >&2
	@$(PYTHON) -m venv .tools/docs
	@$(DOCS)/python -m $(INSTALL) -r requirements/docs.txt
	@touch $@

LOCK := .tools/lock/bin/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	--no-strip-extras --no-header --no-annotate

# The layer does without simple-salesforce's Metadata API, so without zeep and what only zeep needs (decision 36).
LEFT_OUT := zeep attrs isodate lxml platformdirs requests-file requests-toolbelt

.PHONY: requirements
requirements: .tools/lock/bin/pip-compile ## writes the pinned lists and NOTICE anew from pyproject.toml and requirements/*.in
	$(LOCK) --allow-unsafe --extra dev -o requirements/dev.txt pyproject.toml
	@# The layer's pins are the development ones, so that the layer agrees with the boto3 that meets it in the Lambda.
	$(LOCK) $(addprefix --unsafe-package ,$(LEFT_OUT)) -c requirements/dev.txt -o layers/shared/requirements.txt pyproject.toml
	$(LOCK) --allow-unsafe -o requirements/checks.txt requirements/checks.in
	$(LOCK) --allow-unsafe -o requirements/docs.txt requirements/docs.in
	$(LOCK) --allow-unsafe -o requirements/sam.txt requirements/sam.in
	$(LOCK) --allow-unsafe -o requirements/ministack.txt requirements/ministack.in
	$(LOCK) --allow-unsafe -o requirements/browser.txt requirements/browser.in
	$(LOCK) --allow-unsafe -o requirements/lock.txt requirements/lock.in
	@sed -i '/^#/d;/^$$/d' requirements/*.txt layers/shared/requirements.txt
	@$(MAKE) --no-print-directory venv
	@cd layers/shared && ../../$(BIN)/python -m layer notice >../../NOTICE

.tools/lock/bin/pip-compile: requirements/lock.txt
	@$(PYTHON) -m venv .tools/lock
	@.tools/lock/bin/python -m $(INSTALL) -r requirements/lock.txt
	@touch $@
