# Portl.  Everything is built in build/ (objects build/obj, programs build/portl-*).
#   all       the programs                install, uninstall   honour PREFIX and DESTDIR
#   deps      what build and tests need   demo    a small show with a throw-away server
#   check     unit tests and bats         asan    the same under ASan and UBSan
#   lint      warnings, format, style     fuzz    each fuzzer for FUZZ_SECONDS, or FUZZ_RUNS
#   analyze   gcc's analyzer                valgrind    a slice of check under valgrind
#   property  PROPERTY_CASES random loads against a model
#   hostile   HOSTILE_CASES headers that try to be SQL
#   faults    FAULT_RUNS transfers to which something happens, and each call that can
#             fail; needs root.  SEED=N or SWEEP=CASE:CALL:N repeats one
#   random    RANDOM_TABLES random tables there and back, RANDOM_SEED to repeat
#   regress   each relation of PostgreSQL's regression database, equal or refused by name
#   matrix    the suite on servers 13 to 18, and between; MATRIX="13 18", MATRIX_FILES
#   coverage  what the tests and FAULT_RUNS (500) faults do not run, and why
#   bench     compare with psql and more  dist    build/portl-VERSION.tar.gz
#   deb       a Debian package            check-deb   lintian, a fresh root, autopkgtest
#   scale     SCALE_ROWS rows, and the largest values, in little memory
#   pictures  README's: the demo, the chart of bench's figures
# deps-bench, deps-coverage, deps-deb and deps-pictures install what these need besides.
VERSION = 0.1.0
PREFIX = /usr/local
BINDIR = $(PREFIX)/bin
DATADIR = $(PREFIX)/share
MANDIR = $(DATADIR)/man
DOCDIR = $(DATADIR)/doc/portl
ZSHDIR = $(DATADIR)/zsh/site-functions
FUZZ_SECONDS = 60
PROPERTY_CASES = 2000
HOSTILE_CASES = 5000
FAULT_RUNS = 2000
RANDOM_TABLES = 2000

# A variant is another build of everything in a directory of its own, such as
# `make VARIANT=asan check`.  For a new one add its flags here.
OUT = build$(VARIANT:%=/%)
CFLAGS = -O2 -g -D_FORTIFY_SOURCE=2
SANITIZE = -U_FORTIFY_SOURCE -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all
FLAGS_asan = $(SANITIZE)
FLAGS_coverage = -U_FORTIFY_SOURCE -O0 --coverage -fprofile-update=atomic -Wl,--wrap=raise
HELPER_coverage = $(OUT)/obj/tests/coverage/flush.o
FLAGS_fuzz = $(SANITIZE) -fsanitize=fuzzer-no-link -DREADBUF_BLOCK=64u -DOUTPUT_BLOCK=128u
FLAGS_lint-gcc = -Werror
FLAGS_lint-clang = -Werror
FLAGS_analyze = -Og -Werror -fanalyzer

WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wpointer-arith -Wcast-qual -Wcast-align -Wwrite-strings -Wvla -Wformat=2 -Wundef \
	-Wnull-dereference -Wimplicit-fallthrough

# Asked for at the first compilation, since `make deps check` installs pkg-config only then.
PKGS = libpq openssl jansson libzstd libxxhash yaml-0.1
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags $(PKGS)))$(PKG_CFLAGS)
LIBS = $(eval LIBS := $$(shell pkg-config --libs $(PKGS)) -lcsv -lm)$(LIBS)

PORTL_CFLAGS = -std=c11 -pthread $(WARN) -fPIE -fstack-protector-strong -I. -D_GNU_SOURCE \
	-DPORTL_VERSION='"$(VERSION)"' $(PKG_CFLAGS) $(CPPFLAGS) $(CFLAGS) $(FLAGS_$(VARIANT))
PORTL_LDFLAGS = -pthread -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(CFLAGS) $(FLAGS_$(VARIANT)) $(LDFLAGS)

objects = $(patsubst %.c,$(OUT)/obj/%.o,$(wildcard $(1)))
# All that stands in these folders and in theirs.
modules = $(foreach d,$(1),$(call objects,$d/*.c $d/*/*.c))
COMMON = $(OUT)/libcommon.a
# Archives, for a unit test takes what it names; test_load_* finds load/'s options.o first.
MODULES = $(if $(findstring test_load,$@),$(OUT)/load.a $(OUT)/extract.a,$(OUT)/extract.a $(OUT)/load.a)
PROGRAMS = $(OUT)/portl-extract $(OUT)/portl-load
UNIT = $(patsubst tests/unit/%.c,$(OUT)/unit/%,$(wildcard tests/unit/test_*.c))
BENCH_PROGRAMS = $(patsubst tests/bench/%.c,$(OUT)/bench/%,$(wildcard tests/bench/*.c))
FUZZ_OBJECTS = $(call objects,tests/fuzz/fuzz_*.c)
FUZZ = $(patsubst tests/fuzz/%.c,$(OUT)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
PRODUCT = $(call modules,common extract load)
OBJECTS = $(PRODUCT) $(call objects,tests/unit/test_*.c tests/bench/*.c tests/faults/*.c)
TIDY = $(OBJECTS:$(OUT)/obj/%.o=$(OUT)/tidy/%)

all: $(PROGRAMS) $(OUT)/portl
unit: $(UNIT) $(BENCH_PROGRAMS)
analyze-objects: $(PRODUCT)
fuzz-objects: $(FUZZ_OBJECTS)
tidy: $(TIDY)

# As many jobs as cores, unless make was told; `deps` comes before all else.
ifeq ($(MAKELEVEL)$(findstring -j,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc)
endif
$(OBJECTS) $(FUZZ_OBJECTS) demo check lint analyze valgrind asan fuzz property hostile random regress \
	matrix faults coverage bench scale deb check-deb pictures: | \
	$(filter deps deps-%,$(MAKECMDGOALS))
check-deb: | $(filter deb,$(MAKECMDGOALS))
deps-bench deps-coverage deps-deb deps-pictures: | $(filter deps,$(MAKECMDGOALS))

# One short line a file; the whole command with V=1.
Q = $(if $(V),,@echo '  $(1) $@';)

$(OUT)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call Q,CC)$(CC) $(PORTL_CFLAGS) -MMD -MP -c -o $@ $<

$(COMMON): $(call modules,common) $(HELPER_$(VARIANT))
$(OUT)/extract.a: $(filter-out %/main.o,$(call modules,extract))
$(OUT)/load.a: $(filter-out %/main.o,$(call modules,load))
$(OUT)/%.a:
	@mkdir -p $(@D)
	@rm -f $@
	$(AR) rcs $@ $^

$(OUT)/portl-extract: $(call modules,extract) $(COMMON)
$(OUT)/portl-load: $(call modules,load) $(COMMON)
$(PROGRAMS):
	$(call Q,LD)$(CC) $(PORTL_LDFLAGS) -o $@ $^ $(LIBS)

$(OUT)/obj/extract/csv/encoding.o: extract/csv/encodings.zst

$(OUT)/portl: common/cli/portl.sh
	@mkdir -p $(@D)
	@install $< $@

$(OUT)/unit/%: $(OUT)/obj/tests/unit/%.o $(OUT)/extract.a $(OUT)/load.a $(COMMON)
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) $(PORTL_LDFLAGS) -o $@ $< $(MODULES) $(COMMON) $(LIBS)

$(OUT)/bench/%: $(OUT)/obj/tests/bench/%.o $(COMMON)
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) $(PORTL_LDFLAGS) -o $@ $^ $(LIBS)

$(OUT)/fuzz/%: $(OUT)/obj/tests/fuzz/%.o $(OUT)/extract.a $(OUT)/load.a $(COMMON)
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) $(PORTL_LDFLAGS) -fsanitize=fuzzer -o $@ $< $(MODULES) $(COMMON) $(LIBS)

# The object is there to say when a header has changed.
$(OUT)/tidy/%: $(OUT)/obj/%.o .clang-tidy
	@mkdir -p $(@D)
	$(call Q,TIDY)clang-tidy --quiet $*.c -- $(PORTL_CFLAGS) >$@.log 2>&1 || { cat $@.log >&2; exit 1; }
	@touch $@

deps:
	@tests/deps.sh
deps-deb:
	@tests/deps.sh debhelper dpkg-dev lintian debootstrap autopkgtest
deps-bench:
	@tests/deps.sh gdal-bin pgcopydb pgloader
deps-coverage:
	@tests/deps.sh gcovr
deps-pictures:
	@tests/deps.sh termtosvg gnuplot-nox jq

demo: all
	@BUILD=$(OUT) tests/demo.sh

check: all unit
	@tests/check.sh $(OUT) $(FILES)

asan:
	@$(MAKE) --no-print-directory VARIANT=asan check

lint:
	@MAKE='$(MAKE)' tests/lint/run.sh

analyze:
	@$(MAKE) --no-print-directory VARIANT=analyze CC=gcc analyze-objects

valgrind: all unit
	@tests/valgrind.sh $(OUT)

fuzz:
	@$(MAKE) --no-print-directory VARIANT=fuzz CC=clang fuzz-run
fuzz-run: $(FUZZ:%=%.run)
%.run: %
	@FUZZ_SECONDS=$(FUZZ_SECONDS) FUZZ_RUNS=$(FUZZ_RUNS) tests/fuzz/run.sh $*

property: all
	@BUILD=$(OUT) tests/property/run.sh conflict --cases $(PROPERTY_CASES)

hostile: all
	@BUILD=$(OUT) tests/property/run.sh hostile --cases $(HOSTILE_CASES)

random: all
	@BUILD=$(OUT) tests/property/run.sh tables --cases $(RANDOM_TABLES) $(RANDOM_SEED:%=--seed %) $(RANDOM_ONLY:%=--only %)

regress: all
	@BUILD=$(OUT) tests/regress/run.sh

matrix: all $(BENCH_PROGRAMS)
	@BUILD=$(OUT) MATRIX='$(MATRIX)' MATRIX_FILES='$(MATRIX_FILES)' tests/matrix/run.sh

# A library that is preloaded, so position-independent; it counts nothing itself.
$(OUT)/obj/tests/faults/%.o: PORTL_CFLAGS += -fPIC
$(OUT)/obj/tests/faults/%.o: FLAGS_coverage =
$(OUT)/faults/%.so: $(OUT)/obj/tests/faults/%.o
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) -shared $(CFLAGS) -o $@ $<

faults: all $(OUT)/faults/shim.so
	@BUILD=$(OUT) FAULT_RUNS=$(FAULT_RUNS) SEED=$(SEED) SWEEP=$(SWEEP) tests/faults/run.sh

coverage: FAULT_RUNS = 500
coverage:
	@$(MAKE) --no-print-directory VARIANT=coverage all unit build/coverage/faults/shim.so
	@FAULT_RUNS=$(FAULT_RUNS) tests/coverage/run.sh build/coverage

bench: all $(BENCH_PROGRAMS)
	@BUILD=$(OUT) tests/bench/run.sh

scale: all $(BENCH_PROGRAMS)
	@BUILD=$(OUT) tests/scale.sh

# A program's completions: SHELL=WHERE, as each shell looks for them.
completions = bash=$(DATADIR)/bash-completion/completions/$(1) zsh=$(ZSHDIR)/_$(1) \
	fish=$(DATADIR)/fish/vendor_completions.d/$(1).fish

install: all
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(DOCDIR)/examples
	install $(PROGRAMS) $(OUT)/portl $(DESTDIR)$(BINDIR)
	for f in man/*.[157]; do install -D -m 644 "$$f" "$(DESTDIR)$(MANDIR)/man$${f##*.}/$${f##*/}"; done
	$(foreach p,portl $(notdir $(PROGRAMS)),for c in $(call completions,$p); do $(OUT)/$p --completion=$${c%%=*} | \
		install -D -m 644 /dev/stdin "$(DESTDIR)$${c#*=}" || exit; done;)
	install -m 644 README.md LICENSE CHANGELOG.md $(DESTDIR)$(DOCDIR)
	cp -R examples/. $(DESTDIR)$(DOCDIR)/examples

uninstall:
	rm -f $(addprefix $(DESTDIR)$(BINDIR)/,portl portl-extract portl-load)
	for f in man/*.[157]; do rm -f "$(DESTDIR)$(MANDIR)/man$${f##*.}/$${f##*/}"; done
	$(foreach p,portl $(notdir $(PROGRAMS)),for c in $(call completions,$p); do rm -f "$(DESTDIR)$${c#*=}"; done;)
	rm -rf $(DESTDIR)$(DOCDIR)

dist:
	@mkdir -p build
	git archive --prefix=portl-$(VERSION)/ -o build/portl-$(VERSION).tar.gz HEAD

deb:
	@tests/deb.sh build
check-deb:
	@tests/deb.sh check

pictures: all
	@BUILD=$(OUT) tests/pictures.sh

clean:
	rm -rf build

.PHONY: all unit tidy fuzz-objects analyze-objects deps deps-bench deps-coverage deps-deb \
	deps-pictures demo check asan lint analyze valgrind fuzz fuzz-run property hostile regress matrix random faults \
	coverage bench scale install uninstall dist deb check-deb pictures clean
.SECONDARY:
-include $(OBJECTS:.o=.d) $(FUZZ_OBJECTS:.o=.d)
