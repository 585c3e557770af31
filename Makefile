# Two commands: `make demo` shows the product, `make test` proves it. Both install what is missing, and say so.

CARGO ?= cargo
.PHONY: demo test fmt lint bench chaos soak polite setup

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

# The promises of politeness at their full length, about eight minutes; `make test` proves them with short times.
polite: setup
	$(CARGO) test --test it polite:: -- --include-ignored --nocapture --test-threads 1

bench: setup
	$(CARGO) bench

setup:
	@docker/setup.sh
