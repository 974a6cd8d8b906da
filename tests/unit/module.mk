# One program a module. tests/unit/<service>/ links that service's objects, tests/unit/client/ libsotto.
UNIT_SHARED := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/test_*.c))
UNIT_CLIENT := $(patsubst tests/unit/client/%.c,$(B)/unit/client/%,$(wildcard tests/unit/client/test_*.c))
UNIT_BRIDGED := $(patsubst tests/unit/bridged/%.c,$(B)/unit/bridged/%,$(wildcard tests/unit/bridged/test_*.c))
UNIT += $(UNIT_SHARED) $(UNIT_CLIENT) $(UNIT_BRIDGED)

$(UNIT_SHARED): $(B)/unit/%: $(B)/tests/unit/%.o $(B)/libshared.a
	@mkdir -p $(@D)
	$(CC) $^ $(LINK) $(SERVER_LIBS) $(call pkg,--libs check) -o $@

$(UNIT_BRIDGED): $(B)/unit/bridged/%: $(B)/tests/unit/bridged/%.o \
		$(patsubst %.c,$(B)/%.o,$(filter-out %/gate.c %/main.c,$(wildcard services/bridged/*.c))) $(B)/libshared.a
	@mkdir -p $(@D)
	$(CC) $^ $(LINK) $(SERVER_LIBS) $(call pkg,--libs check) -o $@

$(UNIT_CLIENT): $(B)/unit/client/%: $(B)/client-side/tests/unit/client/%.o $(B)/libsotto.a
	@mkdir -p $(@D)
	$(CC) $^ $(LINK) $(CLIENT_LIBS) $(call pkg,--libs check) -o $@
.SECONDARY: $(patsubst %.c,$(B)/%.o,$(wildcard tests/unit/test_*.c tests/unit/bridged/test_*.c))
