# Portl.  Everything is built in build/ (objects build/obj, programs build/portl-*).
# `make help` lists the targets; those that take long stand in tests/campaigns.mk.
VERSION = 0.2.0
PREFIX = /usr/local
BINDIR = $(PREFIX)/bin
DATADIR = $(PREFIX)/share
MANDIR = $(DATADIR)/man
DOCDIR = $(DATADIR)/doc/portl
ZSHDIR = $(DATADIR)/zsh/site-functions

# A variant is another build of everything in a directory of its own, such as
# `make VARIANT=asan check`.  For a new one add FLAGS_NAME here or in campaigns.mk.
OUT = build$(VARIANT:%=/%)
CFLAGS = -O2 -g -D_FORTIFY_SOURCE=2
FLAGS_lint-gcc = -Werror
FLAGS_lint-clang = -Werror -U_FORTIFY_SOURCE -O0
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
modules = $(foreach d,$(1),$(call objects,$d/*.c $d/*/*.c))
# The programs that stand in tests/$(1), one for each file $(2).
made = $(patsubst tests/%.c,$(OUT)/%,$(wildcard tests/$(1)/$(2).c))
COMMON = $(OUT)/libcommon.a
# Archives, for a unit test takes what it names; test_load_* finds load/'s options.o first.
MODULES = $(if $(findstring test_load,$@),$(OUT)/load.a $(OUT)/extract.a,$(OUT)/extract.a $(OUT)/load.a)
PROGRAMS = $(OUT)/portl $(OUT)/portl-extract $(OUT)/portl-load $(OUT)/portl-ls
UNIT = $(call made,unit,test_*)
# What the tests run besides: measures, a client that stays.
TOOLS = $(call made,bench,*) $(call made,lib,*)
PRODUCT = $(call modules,common extract load)
OBJECTS = $(PRODUCT) $(call objects,tests/unit/test_*.c tests/bench/*.c tests/lib/*.c tests/faults/*.c)

# The targets are those that a line of two # describes; what is to be installed comes first.
GOALS := $(shell sed -nE 's/^\#\#([a-z, -]+):.*/\1/p' Makefile tests/campaigns.mk | tr -d ,)
.PHONY: $(GOALS)
.DEFAULT_GOAL = all
include tests/campaigns.mk
$(OBJECTS) $(filter-out deps%,$(GOALS)): | $(filter deps deps-%,$(MAKECMDGOALS))

##all: the programs
all: $(PROGRAMS)
##unit: what check runs besides bats
unit: $(UNIT) $(TOOLS)

# As many jobs as cores, unless make was told.
ifeq ($(MAKELEVEL)$(findstring -j,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc)
endif
# One short line a file; the whole command with V=1.
Q = $(if $(V),,@echo '  $(1) $@';)

$(OUT)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call Q,CC)$(CC) $(PORTL_CFLAGS) -MMD -MP -c -o $@ $<

$(COMMON): $(filter-out %/main.o,$(call modules,common)) $(HELPER_$(VARIANT))
$(OUT)/extract.a: $(filter-out %/main.o,$(call modules,extract))
$(OUT)/load.a: $(filter-out %/main.o,$(call modules,load))
$(OUT)/%.a:
	@mkdir -p $(@D)
	@rm -f $@
	$(AR) rcs $@ $^

$(OUT)/portl: $(OUT)/obj/common/front/main.o $(COMMON)
$(OUT)/portl-extract: $(call modules,extract) $(COMMON)
$(OUT)/portl-load: $(filter-out $(call modules,load/ls),$(call modules,load)) $(COMMON)
$(OUT)/portl-ls: $(call modules,load/ls) $(COMMON)
$(PROGRAMS):
	$(call Q,LD)$(CC) $(PORTL_LDFLAGS) -o $@ $^ $(LIBS)

$(OUT)/obj/extract/csv/encoding.o: extract/csv/encodings.zst

$(OUT)/unit/%: $(OUT)/obj/tests/unit/%.o $(OUT)/extract.a $(OUT)/load.a $(COMMON)
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) $(PORTL_LDFLAGS) -o $@ $< $(MODULES) $(COMMON) $(LIBS)

$(TOOLS): $(OUT)/%: $(OUT)/obj/tests/%.o $(COMMON)
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) $(PORTL_LDFLAGS) -o $@ $^ $(LIBS)

##check: unit tests and bats, always the same ones; FILES='stream test_buf' runs a part
check: all unit
	@tests/check.sh $(OUT) $(FILES)

##lint: warnings, clang-tidy, format, the house's plan, shell, manual pages
lint:
	@MAKE='$(MAKE)' tests/lint/run.sh

# A program's completions: SHELL=WHERE, as each shell looks for them.
completions = bash=$(DATADIR)/bash-completion/completions/$(1) zsh=$(ZSHDIR)/_$(1) \
	fish=$(DATADIR)/fish/vendor_completions.d/$(1).fish

##install, uninstall: honour PREFIX and DESTDIR
install: all
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(DOCDIR)/examples
	install $(PROGRAMS) $(DESTDIR)$(BINDIR)
	for f in man/*.[157]; do install -D -m 644 "$$f" "$(DESTDIR)$(MANDIR)/man$${f##*.}/$${f##*/}"; done
	$(foreach p,$(notdir $(PROGRAMS)),for c in $(call completions,$p); do $(OUT)/$p --completion=$${c%%=*} | \
		install -D -m 644 /dev/stdin "$(DESTDIR)$${c#*=}" || exit; done;)
	install -m 644 README.md LICENSE CHANGELOG.md DEPENDENCIES.md $(DESTDIR)$(DOCDIR)
	cp -R examples/. $(DESTDIR)$(DOCDIR)/examples

uninstall:
	rm -f $(addprefix $(DESTDIR)$(BINDIR)/,$(notdir $(PROGRAMS)))
	for f in man/*.[157]; do rm -f "$(DESTDIR)$(MANDIR)/man$${f##*.}/$${f##*/}"; done
	$(foreach p,$(notdir $(PROGRAMS)),for c in $(call completions,$p); do rm -f "$(DESTDIR)$${c#*=}"; done;)
	rm -rf $(DESTDIR)$(DOCDIR)

##clean: remove build/
clean:
	rm -rf build
##help: this list
help:
	@sed -n 's/^##//p' Makefile tests/campaigns.mk

.SECONDARY:
-include $(OBJECTS:.o=.d)
