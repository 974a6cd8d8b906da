# sotto. `make help` lists what can be made. One Makefile, not recursive: every folder's module.mk says what it holds.
# Objects go to build/<compiler>-<sanitiser>/, so that variants live side by side.
#
#   make                 gcc, no sanitiser         make CC=clang SAN=address     clang with ASan and UBSan

CC = gcc
SAN =
WERROR = 1
B ?= build/$(CC)-$(or $(SAN),plain)
LIBS ?= build/libs# newer Debian libraries for the client, see client/fetch-libs

PREFIX ?= /usr
TOP := $(CURDIR)

WARN = -Wall -Wextra -Wshadow -Wconversion -Wvla -Wformat=2 -Wstrict-prototypes $(if $(WERROR),-Werror)
HARDEN = -fstack-protector-strong $(if $(SAN),,-D_FORTIFY_SOURCE=3)
SAN_address = -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
SAN_thread = -fsanitize=thread
OPT = $(if $(SAN),-O1 -g,-O2 -g)
BASE_CFLAGS = -std=gnu11 -D_GNU_SOURCE -I$(TOP) $(OPT) $(WARN) $(HARDEN) $(SAN_$(SAN)) -MMD -MP $(EXTRA_CFLAGS)
LINK = $(SAN_$(SAN)) -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed

# Asked for when a recipe runs, so that `make check` can install pkg-config first.
SERVER_PKGS = libmicrohttpd libpq libmosquitto libsodium jansson libsystemd
CLIENT_PKGS = libcurl libmosquitto jansson libcrypto libqrencode
pkg = $(shell pkg-config $(1))
SERVER_CFLAGS = $(call pkg,--cflags $(SERVER_PKGS))
SERVER_LIBS = $(call pkg,--libs $(SERVER_PKGS))
CLIENT_CFLAGS = -DSQLITE_HAS_CODEC -isystem $(LIBS)/include $(call pkg,--cflags $(CLIENT_PKGS))
CLIENT_LIBS = $(LIBS)/lib/libsqlcipher.a $(LIBS)/lib/libsodium.a -L$(LIBS)/lib -lomemo-c \
	-Wl,-rpath,$(abspath $(LIBS))/lib:/usr/lib/sotto $(call pkg,--libs $(CLIENT_PKGS)) -lm -lpthread -ldl

.PHONY: all
all: programs

UNIT :=
include $(wildcard libshared/module.mk services/*/module.mk client/*/module.mk tests/*/module.mk)

.PHONY: programs server client
server: $(SERVER_PROGRAMS) sql
client: $(CLIENT_PROGRAMS)
programs: server client

# --- objects -------------------------------------------------------------------------------------------------------

objects = $(patsubst %.c,$(B)/%.o,$(wildcard $(1)))
client_objects = $(patsubst %.c,$(B)/client-side/%.o,$(wildcard $(1)))

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(BASE_CFLAGS) $(SERVER_CFLAGS) -fPIE -c $< -o $@

$(B)/pic/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(BASE_CFLAGS) -Wno-cpp $(call pkg,--cflags libsodium) -fPIC -c $< -o $@

$(B)/client-side/%.o: %.c | $(LIBS)/stamp
	@mkdir -p $(@D)
	$(CC) $(BASE_CFLAGS) $(CLIENT_CFLAGS) -fPIC -c $< -o $@

$(LIBS)/stamp: client/fetch-libs
	client/fetch-libs $(LIBS)

-include $(shell find $(B) -name '*.d' 2>/dev/null)

# --- SQL: what sottoctl applies ------------------------------------------------------------------------------------

SQL_FILES := $(wildcard libshared/migrations/*.sql libshared/migrations/cluster/*.sql services/*/*.sql)
.PHONY: sql
sql: $(B)/sql/stamp
$(B)/sql/stamp: $(SQL_FILES)
	@rm -rf $(@D) && mkdir -p $(@D)/functions
	@cp -r libshared/migrations $(@D)/migrations && mv $(@D)/migrations/cluster $(@D)/cluster
	@cp $(filter services/%,$^) $(@D)/functions/ && touch $@

# --- what people type ----------------------------------------------------------------------------------------------

.PHONY: packages demo check check-unit check-system bench mutate lint fmt fmt-check install clean help
packages:
	@.ci/packages

demo: packages ## everything up behind a private Tor network, two people talk (KEEP=1: leave it up)
	@$(MAKE) --no-print-directory -j2 programs
	@tests/system/demo --build $(B) $(if $(KEEP),--keep)

check: packages ## all tests
	@.ci/check $(B)

check-unit: programs $(UNIT) ## unit tests of this variant
	@.ci/unit $(UNIT)

check-system: programs ## tests on real servers
	@tests/system/run --build $(B)

bench: packages ## deposits per second, beside bare SQL and pgbench
	@$(MAKE) --no-print-directory -j2 server $(B)/bench/load
	@tests/bench/run --build $(B)

mutate: packages ## plant faults and see the checks fail
	@tests/system/mutate

lint: packages ## warnings, clang-tidy, cppcheck, shape of the code
	@.ci/packages lint
	@.ci/lint

FORMATTED = $(shell git ls-files --cached --others --exclude-standard '*.c' '*.h')
fmt: ## clang-format in place
	clang-format -i $(FORMATTED)
fmt-check:
	clang-format --dry-run --Werror $(FORMATTED)

install: programs ## into DESTDIR and PREFIX
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/sotto/sql
	install -m 755 $(addprefix $(B)/,prekeyd blobd bridged sottoctl) $(DESTDIR)$(PREFIX)/sbin
	install -m 755 $(B)/sotto $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(B)/gate.so $(wildcard $(LIBS)/lib/libomemo-c.so*) $(DESTDIR)$(PREFIX)/lib/sotto
	cp -r $(B)/sql/. $(DESTDIR)$(PREFIX)/lib/sotto/sql

clean: ## remove build/
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22
