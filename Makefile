# SPDX-License-Identifier: AGPL-3.0-or-later
# sotto. `make help` lists what can be made. One Makefile, not recursive: the module.mk of each folder says what its
# files become, and finds them by wildcard. Objects go to build/<compiler>-<sanitiser>/, so variants live side by side.

CC = gcc
SAN =
WERROR = 1
PREFIX = /usr
FUZZ_S = 20
B ?= build/$(notdir $(lastword $(CC)))-$(or $(SAN),plain)
# The client's Signal library; the tests run on libsignal-protocol-c as well.
SIGNAL = libomemo-c
# Newer Debian libraries for the client, the same for all variants: see client/fetch-libs.
LIBS ?= build/libs

.PHONY: all server client sql
all: server client ## the servers, the client, and the SQL that sottoctl applies
server:
client:

# --- flags -------------------------------------------------------------------------------------------------------

WARNINGS = -Wall -Wextra -Wshadow -Wconversion -Wvla -Wformat=2 -Wstrict-prototypes $(if $(WERROR),-Werror)
SAN_address = -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
SAN_thread = -fsanitize=thread
SAN_fuzzer = -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
SANITISE = $(if $(SAN),$(or $(SAN_$(SAN)),$(error SAN is empty, address or thread)))
# Fortified calls are not seen by the sanitisers.
HARDEN = -fstack-protector-strong $(if $(SAN),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)

COMPILE = $(CC) -std=gnu11 -D_GNU_SOURCE -I$(CURDIR) -MMD -MP -g $(if $(SAN),-O1,-O2) $(WARNINGS) $(HARDEN)
OWN_FLAGS = $(CPPFLAGS) $(CFLAGS)
LINK = $(CC) $(SANITISE) -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed $(LDFLAGS)

# Asked once, and only when a recipe needs it: `make check` may have to install pkg-config first.
pkg = $(shell pkg-config $(1))
once = $(eval $(1) := $(2))$($(1))
SERVER_PACKAGES = libcrypto libmicrohttpd libpq libmosquitto libsodium jansson libsystemd libqrencode
CLIENT_PACKAGES = libcurl libmosquitto jansson libcrypto libqrencode ncursesw
SERVER_CFLAGS = $(call once,SERVER_CFLAGS,$(call pkg,--cflags $(SERVER_PACKAGES)))
SERVER_LIBS = $(call once,SERVER_LIBS,$(call pkg,--libs $(SERVER_PACKAGES)))
SIGNAL_libsignal-protocol-c = -DSOTTO_LIBSIGNAL_PROTOCOL_C
CLIENT_CFLAGS = @$(LIBS)/cflags $(SIGNAL_$(SIGNAL)) $(call once,CLIENT_PKG_CFLAGS,$(call pkg,--cflags $(CLIENT_PACKAGES)))
CLIENT_LIBS = $(if $(SIGNAL_$(SIGNAL)),-lsignal-protocol-c) @$(LIBS)/libs -Wl,-rpath,'$(CLIENT_RPATH)' $(call once,CLIENT_PKG_LIBS,$(call pkg,--libs $(CLIENT_PACKAGES))) -lzxcvbn -lm -lpthread
CLIENT_RPATH = $(abspath $(LIBS))/lib
CHECK_LIBS = $(call once,CHECK_PKG_LIBS,$(call pkg,--libs check))

# A line for each step; all of it with V=1.
run = $(if $(V),,@printf '  %-5s%s\n' '$(1)' '$(2)' && )

# --- objects, in three kinds -------------------------------------------------------------------------------------

# $(call server_objects,FILES.c): against the system's libraries
# $(call plugin_objects,FILES.c): for the inside of another program; never sanitised, as that program is not
# $(call client_objects,FILES.c): against the client's newer libsodium
server_objects = $(patsubst %.c,$(B)/%.o,$(wildcard $(1)))
media_objects_of = $(patsubst %.c,$(B)/media-side/%.o,$(wildcard $(1)))
plugin_objects = $(patsubst %.c,$(B)/plugin-side/%.o,$(wildcard $(1)))
client_objects = $(patsubst %.c,$(B)/client-side/%.o,$(wildcard $(1)))

.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(call run,CC,$<)$(COMPILE) $(SANITISE) -fPIE $(SERVER_CFLAGS) $(OWN_FLAGS) -c $< -o $@

$(B)/plugin-side/%.o: %.c
	@mkdir -p $(@D)
	$(call run,CC,$<)$(COMPILE) -fPIC $(call pkg,--cflags libsodium) $(OWN_FLAGS) -c $< -o $@

$(B)/client-side/%.o: %.c | $(LIBS)/stamp
	@mkdir -p $(@D)
	$(call run,CC,$<)$(COMPILE) $(SANITISE) -fPIC $(CLIENT_CFLAGS) $(OWN_FLAGS) -c $< -o $@

$(B)/%.a:
	@mkdir -p $(@D) && rm -f $@
	$(call run,AR,$@)$(AR) rcs $@ $^

$(LIBS)/stamp: client/fetch-libs
	client/fetch-libs $(LIBS)

-include $(shell find $(B) -name '*.d' 2>/dev/null)

# --- programs ----------------------------------------------------------------------------------------------------

# $(eval $(call service,NAME,LEFT_OUT)): services/NAME/*.c -> $(B)/NAME
define service
$(1)_objects := $$(call server_objects,$$(filter-out $(2),$$(wildcard services/$(1)/*.c)))
server: $(if $(wildcard services/$(1)/main.c),$(B)/$(1))
$(B)/$(1): $$($(1)_objects) $(B)/libshared.a
	$$(call run,LINK,$$@)$$(LINK) $$^ $$(SERVER_LIBS) -o $$@
endef

# $(eval $(call each,KIND,STEM,EXTRA)): one program for each tests/KIND/STEM*.c and tests/KIND/*/STEM*.c, as
# $(B)/KIND/STEM*. Those on top are linked with libshared, those in tests/KIND/<service>/ with that service too,
# those in tests/KIND/client/ with libsotto. EXTRA names a variable with further libraries. Sets KIND_programs.
define each
$(foreach s,$(notdir $(patsubst %/,%,$(wildcard services/*/))), \
	$(eval $(call each_in,$(1),$(s)/$(2),server,$(filter-out %/main.o,$($(s)_objects)) $(B)/libshared.a,SERVER_LIBS,$(3))))
$(eval $(call each_in,$(1),$(2),server,$(B)/libshared.a,SERVER_LIBS,$(3)))
$(eval $(call each_in,$(1),client/$(2),client,$(B)/libsotto.a,CLIENT_LIBS,$(3)))
endef
define each_in
$(1)_found := $$(patsubst tests/%.c,$(B)/%,$$(wildcard tests/$(1)/$(2)*.c))
$(1)_programs := $$($(1)_programs) $$($(1)_found)
$$($(1)_found): $(B)/%: $(if $(filter client,$(3)),$(B)/client-side,$(B))/tests/%.o $(4)
	@mkdir -p $$(@D)
	$$(call run,LINK,$$@)$$(LINK) $$^ $$($(5)) $$($(6)) -o $$@
endef

include $(wildcard libshared/module.mk services/*/module.mk client/*/module.mk tests/*/module.mk)

# sottoctl reads them at run time. Copies of files that are gone go, else they would still be applied.
functions := $(wildcard libshared/*.sql services/*/*.sql)
migrations := $(wildcard libshared/migrations/*.sql)
$(if $(filter-out $(words $(functions)),$(words $(sort $(notdir $(functions))))),$(error two SQL files of one name))
server: sql
sql:
	@mkdir -p $(B)/sql/functions $(B)/sql/migrations
	@rm -f $(filter-out $(addprefix $(B)/sql/functions/,$(notdir $(functions))) \
		$(addprefix $(B)/sql/migrations/,$(notdir $(migrations))),$(wildcard $(B)/sql/*/*.sql))
	@$(if $(functions),cp -u $(functions) $(B)/sql/functions)
	@$(if $(migrations),cp -u $(migrations) $(B)/sql/migrations)

# --- what people type --------------------------------------------------------------------------------------------

# What a machine lacks is installed before anything is built, so the work is done by a second make.
MAKE_IN_TURN = +@$(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j2)

.PHONY: packages check abi unit check-unit check-signal check-sessions other-signal client-alone check-threads check-system check-call check-box check-roots check-arm64 mutate-box demo demo-call bench bench-client bench-call attack mutate faults lint fmt fmt-check fuzz clean install deb deb-arm64 help
packages:
	@.ci/packages

check: packages ## all tests: unit tests, the same under the sanitisers, and on real servers
	+@.ci/check $(B)

unit: all $(unit_programs) fuzz-objects bench-programs
check-unit: unit ## unit tests of this variant
	@.ci/unit $(unit_programs)

# A client on the other Signal library, in a folder beside; and the tests that sessions are at the heart of.
session_programs = $(addprefix $(B)/unit/client/test_,session conversation loss rotation)
SIGNAL_OTHER = +@$(MAKE) --no-print-directory SIGNAL=libsignal-protocol-c B=$(B)-signal
other-signal:
	$(SIGNAL_OTHER) client-alone
client-alone: $(B)/sotto
check-signal: ## tests of sessions on the other Signal library, libsignal-protocol-c
	$(SIGNAL_OTHER) check-sessions
check-sessions: $(session_programs) client-alone
	@.ci/unit $(session_programs)

# Servers as they are; what has threads is the client that stays.
check-threads: all ## the chat and the watch, which have threads, under the thread sanitiser
	+@$(MAKE) --no-print-directory SAN=thread B=$(B)-thread client-alone
	@ln -sf ../$(notdir $(B))/sotto-media $(B)-thread/sotto-media
	@SOTTO_VARIANT=-thread tests/system/run --build $(B) $(or $(TESTS),chat. silent. places. from_a_chat)

abi: all ## the library's interface as it is now becomes the one that is kept
	@.ci/abi $(B) keep

check-system: all other-signal ## tests on real servers (TESTS=word... picks some)
	@tests/system/run --build $(B) --jobs "$$(nproc)" $(TESTS)

check-call: packages ## calls with Chromium at the other end, and what takes longer (TESTS=word... picks some)
	@.ci/packages call
	$(MAKE_IN_TURN) all
	@tests/system/run --build $(B) --in tests/call $(TESTS)

check-box: deb ## the packages in booted Debian 12 and 13 (BOX="bookworm -- init" picks)
	@.ci/packages box
	@tests/box/run $(BOX)

mutate-box: deb ## plant faults in a booted machine and see the tests fail (BOX="privacy" picks tests)
	@.ci/packages box
	@tests/box/mutate $(BOX)

check-roots: ## all tests in roots of Debian 12, 13 and testing (ROOTS="forky-amd64 -- live" picks)
	@.ci/packages roots
	@tests/roots/run $(ROOTS)

check-arm64: ## arm64, cross-built and emulated: unit tests, and each daemon at work
	@.ci/packages roots
	@tests/roots/run bookworm-arm64 -- what_is_deposited is_pushed_with_its_blob goes_out_once_then describes_itself

demo: packages ## a server behind a private Tor network, and two people who talk (KEEP=1: stays up)
	$(MAKE_IN_TURN) all
	@tests/system/demo --build $(B) $(if $(KEEP),--keep)

demo-call: packages ## two people call each other through the private Tor network
	$(MAKE_IN_TURN) all
	@tests/system/demo-call --build $(B)

bench: packages ## what tokens cost; deposits a second, over HTTP and in bare SQL
	$(MAKE_IN_TURN) all bench-programs
	@tests/bench/run --build $(B)

bench-client: packages ## what messages and a file of 1 GB cost a client, how long a text takes, a profile to open
	$(MAKE_IN_TURN) all bench-programs
	@tests/bench/run-client --build $(B)

bench-call: packages ## how late a voice is, on loopback, through Tor and with more delay; what a call costs; how many the relay takes
	$(MAKE_IN_TURN) all bench-programs
	@tests/bench/run-call --build $(B) $(TESTS)

attack: packages ## how an honest pair fares during each attack, over a private Tor network
	$(MAKE_IN_TURN) all
	@tests/system/attack --build $(B)

mutate: packages ## plant faults and see the tests fail
	@tests/system/mutate

faults: packages ## kill a client at each step of all it does, and print what comes of it
	$(MAKE_IN_TURN) all
	@tests/system/faults --build $(B)

fuzz: ## every parser for FUZZ_S seconds, with clang
	@.ci/packages lint
	$(MAKE_IN_TURN) CC=clang SAN=fuzzer B=build/clang-fuzzer fuzz-programs
	@.ci/fuzz build/clang-fuzzer/fuzz $(FUZZ_S)

lint: ## clang's warnings, clang-tidy, cppcheck, shellcheck, the limits of docs/style.md, and places of planted faults
	@.ci/packages lint
	@.ci/lint

sources = $(wildcard libshared/*.[ch] services/*/*.[ch] client/*/*.[ch] tests/*/*.[ch] tests/*/*/*.[ch])
fmt: ## lay the code out with clang-format
	@clang-format -i $(sources)
fmt-check: ## say what fmt would change
	@clang-format --dry-run --Werror $(sources)

clean: ## remove build/
	rm -rf build

LIBDIR = $(DESTDIR)$(PREFIX)/lib
MULTIARCH = # packages set it: /usr/lib/MULTIARCH
SHARE = $(DESTDIR)$(PREFIX)/share
UNITDIR = $(PREFIX)/lib/systemd/system
PUT = install -D -m 644 -t
install: all $(if $(cli_objects),$(B)/installed/sotto) ## into $(DESTDIR)$(PREFIX)
	install -D -t $(LIBDIR)/sotto $(addprefix $(B)/,prekeyd blobd bridged) $(if $(media_there),$(B)/sotto-media) $(if $(scan_there),$(B)/sotto-scan)
	$(PUT) $(LIBDIR)/sotto $(B)/gate.so
	$(PUT) $(LIBDIR)/sotto/sql/functions $(wildcard $(B)/sql/functions/*.sql)
	$(PUT) $(LIBDIR)/sotto/sql/migrations $(wildcard $(B)/sql/migrations/*.sql)
	$(PUT) $(DESTDIR)$(UNITDIR) $(wildcard systemd/*.service systemd/*.socket systemd/*.target systemd/*.timer)
	$(foreach d,$(wildcard systemd/*.d),$(PUT) $(DESTDIR)$(UNITDIR)/$(notdir $(d)) $(wildcard $(d)/*.conf);)
	install -D -m 644 systemd/sotto.sysusers $(LIBDIR)/sysusers.d/sotto-server.conf
	install -D -m 644 systemd/sotto.tmpfiles $(LIBDIR)/tmpfiles.d/sotto-server.conf
	$(if $(wildcard systemd/*.catalog),$(PUT) $(LIBDIR)/systemd/catalog $(wildcard systemd/*.catalog))
	$(PUT) $(SHARE)/sotto torrc systemd/turnserver.conf $(wildcard services/sottoctl/conf/*)
	$(foreach n,1 5 8,$(PUT) $(SHARE)/man/man$(n) $(wildcard docs/man/*.$(n));)
	install -D -m 644 services/sottoctl/completion.bash $(SHARE)/bash-completion/completions/sottoctl
	install -D -m 644 client/cli/completion.bash $(SHARE)/bash-completion/completions/sotto
	install -D -t $(DESTDIR)$(PREFIX)/bin $(B)/sottoctl $(if $(cli_objects),$(B)/installed/sotto)
	$(if $(wildcard $(LIBS)/lib/*.so.*),cp -a $(LIBS)/lib/*.so.* $(LIBDIR)/sotto)

# libomemo-c, where the system has none, goes beside it into a folder that nobody else looks into.
.PHONY: install-library
install: install-library
LIBRARY_DIR = $(PREFIX)/lib$(addprefix /,$(strip $(MULTIARCH)))
install-library: $(B)/installed/libsotto.so.0
	install -D -m 644 -t $(DESTDIR)$(LIBRARY_DIR) $<
	ln -sf libsotto.so.0 $(DESTDIR)$(LIBRARY_DIR)/libsotto.so
	$(if $(wildcard $(LIBS)/lib/*.so.*),mkdir -p $(DESTDIR)$(LIBRARY_DIR)/sotto && cp -a $(LIBS)/lib/*.so.* $(DESTDIR)$(LIBRARY_DIR)/sotto)
	$(PUT) $(DESTDIR)$(PREFIX)/include client/sotto.h
	$(PUT) $(DESTDIR)$(PREFIX)/include/sotto $(wildcard client/sotto/*.h)
	mkdir -p $(DESTDIR)$(LIBRARY_DIR)/pkgconfig
	sed 's,@PREFIX@,$(PREFIX),; s,@LIBDIR@,$(LIBRARY_DIR),; '"s,@VERSION@,$$(sed -n 's/^#define SOTTO_VERSION "\(.*\)"/\1/p' client/sotto.h)," \
		client/lib/libsotto.pc.in >$(DESTDIR)$(LIBRARY_DIR)/pkgconfig/libsotto.pc

deb: ## Debian packages, into build/deb
	@.ci/packages deb
	$(MAKE_IN_TURN) $(LIBS)/stamp
	@debian/build $(abspath $(LIBS))

deb-arm64: ## the same for Debian 12 on arm64, compiled across
	@.ci/packages deb
	@.ci/packages roots
	@tests/roots/root make bookworm arm64
	@tests/roots/root net bookworm arm64 client/fetch-libs build/bookworm-arm64/libs
	@FOR=bookworm-arm64 debian/build build/bookworm-arm64/libs

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24
	@echo 'Variables: CC=gcc|clang SAN=address|thread WERROR= B=<objects> DESTDIR= PREFIX= FUZZ_S= V=1 TESTS= KEEP=1'

