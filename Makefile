# Two commands: `make demo` shows the product, `make test` proves it. Both install what is missing, and say so.

CARGO ?= cargo
.PHONY: demo test fmt lint bench chaos soak polite setup

demo: setup
	$(CARGO) run --quiet -- demo

# Most tests wait for a browser or a server, so more of them run at once than there are cores.
test: setup
	RUST_TEST_THREADS=$${RUST_TEST_THREADS:-4} $(CARGO) test

fmt:
	$(CARGO) fmt --all

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps

# The promises of politeness at their full length, about eight minutes; `make test` proves them with short times.
polite: setup
	$(CARGO) test --test it polite:: -- --include-ignored --nocapture --test-threads 1

# Everything that is measured; the results go to benches/RESULTS.md. The whole engine's part takes about ten minutes.
bench: setup
	$(CARGO) bench --bench engine -- --write
	$(CARGO) bench --bench extract --bench screenshot --bench queue --bench path --bench heal

# SOAK=5000 make soak for the long run; the report and its plot go to benches/SOAK.md.
soak: setup
	$(CARGO) bench --bench engine -- --soak $${SOAK:-200} --at-once 4 --write

# The worst nights in full size: workers, browsers, Redis and PostgreSQL killed, stopped, stalled and filled up under load.
# Ten to fifteen minutes; each test prints its figures on a line that begins with "chaos". `make test` plays the same in small.
chaos: setup
	SENTINEL_CHAOS=full $(CARGO) test --test it chaos:: -- --nocapture --test-threads 1

setup:
	@docker/setup.sh
