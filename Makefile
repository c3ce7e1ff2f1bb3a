# One command a check; `make check` runs all of them but the slow tests.
# .venv is made, and made up to date, by whichever target comes first.

BIN := .venv/bin
EXTRAS := train,study,kaggle,imagenet,postgres,dev

# the tests' networks are too small for two threads, which would wait for each other
test test-slow: export OMP_NUM_THREADS := 1

.PHONY: check lint types layers dependencies test test-slow clean

check: lint types layers dependencies test

$(BIN)/installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || python3 -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[$(EXTRAS)]'
	touch $@

lint: $(BIN)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(BIN)/installed
	$(BIN)/mypy

layers: $(BIN)/installed
	$(BIN)/lint-imports

dependencies: $(BIN)/installed
	$(BIN)/deptry src

test: $(BIN)/installed
	$(BIN)/pytest -q --numprocesses 2 --dist loadfile

test-slow: $(BIN)/installed
	$(BIN)/pytest -q -m slow

clean:
	rm -rf .venv build dist .*_cache
