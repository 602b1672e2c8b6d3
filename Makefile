# SPDX-License-Identifier: Apache-2.0
#
# `make` alone lists the targets. Everything built for use ends in build/.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup build module inspect install uninstall test test-busy bogo demo demo-migrate serve load bench format lint pictures clean

# Port of `make serve`.
PORT ?= 8443
# Further arguments of `make bench` and `make test`, for example ARGS=--quick.
ARGS ?=

# apache2-bin is httpd and its modules without the Debian service, so installing it starts nothing.
PACKAGES := libssl-dev zlib1g-dev libbrotli-dev pkg-config apache2-bin apache2-dev media-types openssl ssl-cert gnutls-bin curl nghttp2-client wrk python3 procps binutils gcc
# Release executables are built once, in the benchmark package, which depends on everything they need.
# They look for libraries only where the system has them, and their tables of functions are read-only once they run.
RELEASE := swift build --configuration release --static-swift-stdlib --package-path Benchmarks -Xlinker -s \
    --disable-local-rpath -Xlinker -z -Xlinker now
# SwiftPM's plan for a nested package misses files that are new in this one; without a plan it makes one.
REPLAN := rm -f Benchmarks/.build/*.yaml Adapters/httpd/.build/*.yaml

help: ## List the targets
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

setup: ## Install the Debian packages that building, testing and the demonstration need
	@command -v swift > /dev/null || { echo "setup: no 'swift' in PATH; Swift 6.3 is at https://swift.org/install" >&2; exit 1; }
	@if ! command -v dpkg-query > /dev/null; then \
	    echo "setup: not a Debian system; the equivalents of these packages are needed: $(PACKAGES)"; exit 0; \
	fi; \
	missing=; \
	for package in $(PACKAGES); do \
	    [ "$$(dpkg-query -W -f '$${db:Status-Status}' $$package 2> /dev/null)" = installed ] || missing+=" $$package"; \
	done; \
	root=; [ "$$(id -u)" = 0 ] || root="sudo"; \
	if [ -z "$$missing" ]; then \
	    [ -e /etc/ssl/certs/ssl-cert-snakeoil.pem ] || $$root make-ssl-cert generate-default-snakeoil; \
	    exit 0; \
	fi; \
	echo "setup: installing$$missing"; \
	$$root apt-get update -q; \
	$$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing; \
	[ -e /etc/ssl/certs/ssl-cert-snakeoil.pem ] || $$root make-ssl-cert generate-default-snakeoil

build: setup module ## Build build/mod_tls.so, build/safetls and build/tls-benchmark
	@$(REPLAN)
	$(RELEASE) --product tls-benchmark
	$(RELEASE) --product safetls
	@bin=$$($(RELEASE) --show-bin-path); mkdir -p build; install -p $$bin/safetls $$bin/tls-benchmark build/

module: setup ## Build the httpd module with both its faces, build/mod_tls.so and build/mod_ssl.so
	@mkdir -p build
	@$(REPLAN)
	Adapters/httpd/build.sh build/mod_tls.so
	Adapters/httpd/build.sh build/mod_ssl.so

inspect: ## Check that what `make build` left is bound when it is loaded, and looks for libraries only where the system has them
	@for file in build/mod_tls.so build/mod_ssl.so build/safetls build/tls-benchmark; do \
	    dynamic=$$(readelf --wide --dynamic $$file) && segments=$$(readelf --wide --segments $$file) || exit 1; \
	    complain() { echo "inspect: $$file $$1" >&2; exit 1; }; \
	    grep -qE 'FLAGS.*(BIND_NOW|NOW)' <<< "$$dynamic" || complain "is not bound when it is loaded (-z now)"; \
	    ! grep -E 'R(UN)?PATH' <<< "$$dynamic" >&2 || complain "looks for libraries in places of its own"; \
	    ! grep -q TEXTREL <<< "$$dynamic" || complain "changes its code when it is loaded"; \
	    grep -q GNU_RELRO <<< "$$segments" || complain "can change its tables of functions"; \
	    ! grep -E 'GNU_STACK.* RWE ' <<< "$$segments" >&2 || complain "can run what is on its stack"; \
	    ! grep -E 'LOAD.* RWE ' <<< "$$segments" >&2 || complain "can run what it can write"; \
	    grep -q 'type DYN' <<< "$$(readelf --wide --file-header $$file | sed 's/Type: */type /')" \
	        || complain "is not position-independent"; \
	done; echo "inspect: build/ is as it should be"

test: setup module ## Run every test: units, interoperability with other TLS stacks, Debian's httpd
	swift test $(ARGS)
	@$(REPLAN)
	swift test --package-path Adapters/httpd $(ARGS)

test-busy: setup module ## Run every test with the lowest priority, beside a busy loop for each processor
	@# The loops are sessions of their own: Linux then shares processors between them and the tests, and does not starve these.
	@loops=(); trap 'kill "$${loops[@]}"' EXIT; \
	for _ in $$(seq "$$(nproc)"); do setsid sh -c 'while :; do :; done' & loops+=($$!); done; \
	nice -n 19 $(MAKE) test ARGS="$(ARGS)"

bogo: setup ## Run BoGo, BoringSSL's TLS test runner (fetched from Debian), against the library
	swift build --configuration release --static-swift-stdlib --product BogoShim -Xlinker -s
	@Tests/BogoShim/run.sh "$$(swift build --configuration release --static-swift-stdlib --show-bin-path)/BogoShim" $(ARGS)

demo: setup module ## Serve HTTPS with Debian's httpd and the module, and fetch from it with curl
	@Adapters/httpd/demo/demo.sh build/mod_tls.so

demo-migrate: setup module ## Swap Debian's mod_ssl for the module by one line, and compare page, variables and log lines
	@Adapters/httpd/demo/migrate.sh build/mod_ssl.so

install: ## Install the modules that were built (as root; ARGS=--stand-in also puts one in mod_ssl's place)
	@Adapters/httpd/install.sh install $(ARGS)

uninstall: ## Undo `make install`
	@Adapters/httpd/install.sh uninstall

serve: setup module ## Keep that server running on https://localhost:8443 (PORT=...) until Ctrl-C
	@Adapters/httpd/demo/serve.sh build/mod_tls.so $(PORT)

load: setup module ## Load httpd for minutes with restarts under way, and compare with plain HTTP
	@Adapters/httpd/demo/load.sh build/mod_tls.so

bench: build ## Compare this library with libssl in one run (ARGS="--quick", "--json", "--lists")
	@build/tls-benchmark $(ARGS)

format: ## Format every Swift file in place
	swift format --in-place --parallel --recursive $(wildcard Package.swift Sources Tests Adapters Benchmarks)

lint: ## Check format, licence headers and that `unsafe` stays in its two places
	swift format lint --strict --parallel --recursive $(wildcard Package.swift Sources Tests Adapters Benchmarks)
	@! git grep -nw unsafe -- '*.swift' ':!Sources/TLSCrypto' ':!Adapters/httpd/Sources/HTTPDGlue' \
	    || { echo "lint: 'unsafe' outside Sources/TLSCrypto and the httpd module's glue" >&2; exit 1; }
	@! git grep -L 'SPDX-License-Identifier: Apache-2.0' -- '*.swift' '*.c' '*.h' '*.sh' '*.py' Makefile .ci/run ':!*Package.swift' \
	    || { echo "lint: these files lack their SPDX licence line" >&2; exit 1; }

pictures: ## Draw the pictures of the states in Documentation/ from the tables in Sources/SafeTLS/Handshake/StateGraph
	DRAW_PICTURES=1 swift test --filter StateGraphPictureTests

clean: ## Remove everything that was built
	rm -rf build .build Benchmarks/.build Adapters/httpd/.build
