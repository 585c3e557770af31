# Two commands: `make demo` shows the product, `make test` proves it. Both install what is missing, and say so.

CARGO ?= cargo
.PHONY: demo test fmt lint bench chaos soak setup

demo: setup
	$(CARGO) run --quiet -- demo

test: setup
	$(CARGO) test

fmt:
	$(CARGO) fmt --all

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps

bench: setup
	$(CARGO) bench

setup:
	@docker/setup.sh
