# make demo    install, and train and compare an ensemble on the embedded data set
# make test    install, and run the tests
# make check   all that CI checks: format, lint, types, import contract, tests, docs
# make docs    build the documentation into site/
# make bench   measure every claim about speed and write docs/benchmarks.md
# make examples-paper DATA=DIR   run the paper's study on DIR/cifar10-jpeg, which takes over an hour
# make examples-landscapes DATA=DIR   compare landscapes of residual networks on it, which takes hours
# make examples-differences DATA=DIR   compare, align and attack members on both data sets, which takes hours
# make examples-frontier DATA=DIR   compare every way to get an ensemble on both data sets, which takes hours
# make examples DATA=DIR   train the worked examples of the docs on DIR/cifar10-jpeg and DIR/mnist

PYTHON ?= python3
DATA ?= ../shared/data
BIN := .venv/bin
# What modescape is measured against; without its dependencies, which are not needed here.
PEERS := torchensemble loss-landscapes
# Curvature's library and what it uses, without what pulls in torchvision.
CURVATURE := curvlinops-for-pytorch einconv einops linear_operator opt-einsum tqdm
CIFAR := $(if $(wildcard $(DATA)/cifar10-jpeg),--data $(DATA))
TESTS := -n 2

.PHONY: demo test check format lint types contract unit docs bench examples examples-differences examples-frontier examples-landscapes examples-paper clean

demo: .venv/run
	$(BIN)/modescape study fort2019 --preset demo

test: .venv/dev
	$(BIN)/python -m pytest $(TESTS)

check: format lint types contract unit docs

format: .venv/dev
	$(BIN)/ruff format --check .

lint: .venv/dev
	$(BIN)/ruff check .

types: .venv/dev
	$(BIN)/basedpyright

contract: .venv/dev
	$(BIN)/lint-imports

unit: test

# The variable silences an advertisement of the theme.
docs: .venv/dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

bench: .venv/dev
	$(BIN)/python benchmarks/all.py --output docs/benchmarks.md $(CIFAR)

examples: .venv/dev
	$(BIN)/python docs/examples/make.py $(DATA)

examples-paper: .venv/dev
	$(BIN)/python docs/examples/make.py $(DATA) --only paper

DIFFERENCES := differences-mnist differences-cifar10 alignment three-classes-mnist three-classes-cifar10 architectures

examples-differences: .venv/dev
	for name in $(DIFFERENCES); do $(BIN)/python docs/examples/make.py $(DATA) --only $$name || exit 1; done

examples-frontier: .venv/dev
	$(BIN)/python docs/examples/make.py $(DATA) --only frontier-mnist
	$(BIN)/python docs/examples/make.py $(DATA) --only frontier-cifar10

examples-landscapes: .venv/dev
	$(BIN)/python docs/examples/make.py $(DATA) --only skips
	$(BIN)/python docs/examples/make.py $(DATA) --only shapes

clean:
	rm -rf .venv site

# torch goes first and by itself: a constraint alone would let pip look at other builds of it.
.venv/run: pyproject.toml constraints.txt
	test -d .venv || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[attacks,corruptions,export,fast,onnx]'
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-deps $(CURVATURE)
	touch $@

.venv/dev: .venv/run
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[attacks,corruptions,dev,docs,export,fast,hub,onnx]'
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-deps $(PEERS)
	touch $@
