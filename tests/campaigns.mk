# What takes longer than `make check`, or needs more than it: long random runs, other builds,
# other servers, measures, packages.  Each prints a closing line; what the last whole runs
# said stands in tests/RESULTS.md; RECORD=1 puts it there.
SANITIZE = -U_FORTIFY_SOURCE -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all
FLAGS_asan = $(SANITIZE)
FLAGS_coverage = -U_FORTIFY_SOURCE -O0 --coverage -fprofile-update=atomic -Wl,--wrap=raise,--wrap=execv,--wrap=execvp,--wrap=_exit
HELPER_coverage = $(OUT)/obj/tests/coverage/flush.o
FLAGS_fuzz = $(SANITIZE) -fsanitize=fuzzer-no-link -DREADBUF_BLOCK=64u -DOUTPUT_BLOCK=128u
# All of it is linked into the program, which the emulator then runs without libraries.
FLAGS_bigendian = -U_FORTIFY_SOURCE -O0 -Werror -static -no-pie
# xxhash.h insists on inlining, which -Og does not do.
FLAGS_analyze = -Og -Werror -fanalyzer -DXXH_NO_INLINE_HINTS=1

FUZZ = *
FUZZ_SECONDS = 60
PROPERTY = conflict
PROPERTY_CASES = 2000
HOSTILE_CASES = 5000
NAMES_CASES = 2000
MEANWHILE_CASES = 2000
COSTS_CASES = 500
FAULT_RUNS = 2000
SETS_CASES = 300
SINCE_SECONDS = 600
RANDOM_TABLES = 2000
VERIFY_CASES = 500
PLANS_CASES = 500

# What all that tests/property/ runs understand: another seed, one case alone, a time instead.
CASES = $(SEED:%=--seed %) $(ONLY:%=--only %) $(MINUTES:%=--minutes %)

FUZZ_OBJECTS = $(call objects,tests/fuzz/fuzz_*.c)
TIDY = $(OBJECTS:$(OUT)/obj/%.o=$(OUT)/tidy/%)
DEPS = $(filter deps-%,$(GOALS))
.PHONY: objects tidy fuzz-objects fuzz-run analyze-objects bigendian-run

# A package comes before its test.
$(FUZZ_OBJECTS): | $(filter deps deps-%,$(MAKECMDGOALS))
$(DEPS): | $(filter deps,$(MAKECMDGOALS))
check-deb: | $(filter deb,$(MAKECMDGOALS))

##deps: install what build and tests need
##deps-bench, deps-bigendian, deps-coverage, deps-deb, deps-mariadb, deps-pictures: what these need besides
MORE_bench = gdal-bin pgcopydb pgloader
MORE_bigendian = qemu-user-static gcc-s390x-linux-gnu libc6-dev-s390x-cross
MORE_coverage = gcovr
MORE_deb = debhelper dpkg-dev lintian debootstrap autopkgtest
MORE_mariadb = mariadb-server-core mariadb-client-core
MORE_pictures = termtosvg gnuplot-nox jq
deps $(DEPS):
	@tests/deps.sh $(MORE_$(@:deps-%=%))

##demo: a small show with a throw-away server
demo: all
	@BUILD=$(OUT) tests/demo.sh

##mariadb: the cookbook's recipes for MariaDB, with a throw-away server
mariadb: all unit
	@tests/check.sh $(OUT) recipes/

##asan: check under ASan and UBSan
asan:
	@$(MAKE) --no-print-directory VARIANT=asan check

##analyze: gcc's analyzer
analyze:
	@$(MAKE) --no-print-directory VARIANT=analyze CC=gcc analyze-objects
analyze-objects: $(PRODUCT)

##bigendian: the unit tests that need no server, as s390x: the other order of bytes
BIGENDIAN = $(filter-out $(addprefix $(OUT)/unit/test_,cli conninfo extract_options job leftovers load_options \
	load_sql load_staged quoting xalloc),$(UNIT))
S390X = build/tools/s390x/usr
bigendian:
	@$(MAKE) --no-print-directory VARIANT=bigendian CC=s390x-linux-gnu-gcc AR=s390x-linux-gnu-ar \
		PKG_CFLAGS='-isystem $(S390X)/include -isystem $(S390X)/include/s390x-linux-gnu -isystem $(S390X)/include/postgresql' \
		LIBS='-L$(S390X)/lib/s390x-linux-gnu -ljansson -lcrypto -lzstd -lxxhash -lyaml -lcsv -lm' bigendian-run
bigendian-run: $(BIGENDIAN)
	@EMULATOR=$$(command -v qemu-s390x-static || echo qemu-s390x) tests/check.sh $(OUT) $(notdir $^)

##valgrind: a slice of check under valgrind
valgrind: all unit
	@tests/valgrind.sh $(OUT)

# For lint, which links nothing.
objects: $(OBJECTS)

# clang-tidy, for lint.  The object is there to say when a header has changed.
tidy: $(TIDY)
$(OUT)/tidy/%: $(OUT)/obj/%.o .clang-tidy
	@mkdir -p $(@D)
	$(call Q,TIDY)clang-tidy --quiet $*.c -- $(PORTL_CFLAGS) >$@.log 2>&1 || { cat $@.log >&2; exit 1; }
	@touch $@

##fuzz: each fuzzer, or FUZZ='csv job', for FUZZ_SECONDS, or FUZZ_RUNS, from FUZZ_SEED
fuzz:
	@$(MAKE) --no-print-directory VARIANT=fuzz CC=clang fuzz-run
fuzz-objects: $(FUZZ_OBJECTS)
fuzz-run: $(foreach f,$(FUZZ),$(patsubst %,%.run,$(call made,fuzz,fuzz_$f)))
%.run: %
	@FUZZ_SECONDS=$(FUZZ_SECONDS) FUZZ_RUNS=$(FUZZ_RUNS) FUZZ_SEED=$(FUZZ_SEED) tests/fuzz/run.sh $*
$(OUT)/fuzz/%: $(OUT)/obj/tests/fuzz/%.o $(OUT)/extract.a $(OUT)/load.a $(COMMON)
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) $(PORTL_LDFLAGS) -fsanitize=fuzzer -o $@ $< $(MODULES) $(COMMON) $(LIBS)

##property: PROPERTY_CASES random loads against a model, PROPERTY=conflict or rejects
property: all
	@BUILD=$(OUT) tests/record.sh $@ tests/property/run.sh $(PROPERTY) --cases $(PROPERTY_CASES) $(CASES)

##names: NAMES_CASES extracts while what names mean is changed
names: all
	@BUILD=$(OUT) tests/record.sh $@ tests/property/run.sh names --cases $(NAMES_CASES) $(CASES)

##meanwhile: MEANWHILE_CASES loads while the target is changed, its names and its rows
meanwhile: all
	@BUILD=$(OUT) tests/record.sh $@ tests/property/run.sh meanwhile --cases $(MEANWHILE_CASES) $(CASES)

##since: SINCE_SECONDS of runs under SINCE_WRITERS, loads killed at random: is a row missed?
since: all
	@BUILD=$(OUT) SINCE_SECONDS=$(SINCE_SECONDS) SEED=$(SEED) tests/record.sh $@ tests/since/run.sh

##costs: COSTS_CASES loads of few and of four times as many rows: is the work in proportion?
costs: all
	@BUILD=$(OUT) tests/record.sh $@ tests/property/run.sh costs --cases $(COSTS_CASES) $(CASES)

##hostile: HOSTILE_CASES headers that try to be SQL
hostile: all
	@BUILD=$(OUT) tests/record.sh $@ tests/property/run.sh hostile --cases $(HOSTILE_CASES) $(CASES)

##random: RANDOM_TABLES random tables there and back
random: all
	@BUILD=$(OUT) tests/record.sh $@ tests/property/run.sh tables --cases $(RANDOM_TABLES) $(CASES)

##sets: SETS_CASES random schemas with random foreign keys, each as one set
sets: all
	@BUILD=$(OUT) tests/record.sh $@ tests/property/run.sh sets --cases $(SETS_CASES) $(CASES)

##verify: VERIFY_CASES random tables compared with what was loaded of them, then changed
verify: all
	@BUILD=$(OUT) tests/record.sh $@ tests/property/run.sh verify --cases $(VERIFY_CASES) $(CASES)

##plans: PLANS_CASES random plans in parts under writers, with faults; CALM=held or own: without
plans: all
	@BUILD=$(OUT) tests/record.sh $@ tests/property/run.sh plans --cases $(PLANS_CASES) $(CALM:%=--quiet --kind=%) $(CASES)

##regress: each relation of PostgreSQL's regression database, equal or refused by name
regress: all
	@BUILD=$(OUT) tests/record.sh $@ tests/regress/run.sh

##matrix: the suite on servers 13 to 18, and between; MATRIX="13 18", MATRIX_FILES
matrix: all $(TOOLS)
	@BUILD=$(OUT) MATRIX='$(MATRIX)' MATRIX_FILES='$(MATRIX_FILES)' tests/record.sh $@ tests/matrix/run.sh

# A library that is preloaded, so position-independent; it counts nothing itself.
$(OUT)/obj/tests/faults/%.o: PORTL_CFLAGS += -fPIC
$(OUT)/obj/tests/faults/%.o: FLAGS_coverage =
$(OUT)/faults/%.so: $(OUT)/obj/tests/faults/%.o
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) -shared $(CFLAGS) -o $@ $<

##faults: FAULT_RUNS transfers to which something happens, and each call that can fail;
##  needs root; SEED=N or SWEEP=CASE:CALL:N repeats one
faults: all $(OUT)/faults/shim.so
	@BUILD=$(OUT) FAULT_RUNS=$(FAULT_RUNS) SEED=$(SEED) SWEEP=$(SWEEP) tests/record.sh $@ tests/faults/run.sh

##calls: each call of each journey that can fail; CALLS=N some, CALL=CASE:CALL:N one
calls: all $(OUT)/faults/shim.so
	@BUILD=$(OUT) CALLS=$(CALLS) CALL=$(CALL) tests/record.sh $@ tests/calls/run.sh

##coverage: what the tests and FAULT_RUNS (500) faults do not run, and why
coverage: FAULT_RUNS = 500
coverage: $(TOOLS)
	@$(MAKE) --no-print-directory VARIANT=coverage all unit build/coverage/faults/shim.so
	@FAULT_RUNS=$(FAULT_RUNS) CALLS=$(CALLS) tests/record.sh $@ tests/coverage/run.sh build/coverage

##bench: compare with psql and more
bench: all $(TOOLS)
	@BUILD=$(OUT) tests/record.sh $@ tests/bench/run.sh

##check-bench: does each group of bench run to its end?
check-bench: all unit
	@tests/check.sh $(OUT) bench/

##scale: SCALE_ROWS rows, and the largest values, in little memory
scale: all $(TOOLS)
	@BUILD=$(OUT) tests/record.sh $@ tests/scale.sh

##proof: all campaigns whole, PROOF='step step' some; goes on after an interruption
proof: all $(TOOLS)
	@BUILD=$(OUT) MAKE='$(MAKE)' tests/proof.sh $(PROOF)

##dist: build/portl-VERSION.tar.gz
dist:
	@mkdir -p build
	git archive --prefix=portl-$(VERSION)/ -o build/portl-$(VERSION).tar.gz HEAD

##deb, check-deb: a Debian package; lintian, a fresh root, autopkgtest
deb:
	@tests/deb.sh build
check-deb:
	@tests/deb.sh check

##pictures: README's: the demo, the chart of bench's figures
pictures: all
	@BUILD=$(OUT) tests/pictures.sh

-include $(FUZZ_OBJECTS:.o=.d)
