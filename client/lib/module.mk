# libsotto: its own files and the portable ones of libshared, built against the newer libsodium.
CLIENT_SHARED = encode error key owner plain problem qr reader token voprf work writer
client_lib_objects := $(call client_objects,client/lib/*.c $(CLIENT_SHARED:%=libshared/%.c))
client: $(if $(wildcard client/lib/*.c),$(B)/libsotto.a)
$(B)/libsotto.a: $(client_lib_objects)

# The same as a library for others: only what client/sotto.h names is seen, whatever is inside.
client: $(if $(wildcard client/lib/*.c),$(B)/libsotto.so)
LINK_SHARED = $(filter-out -pie,$(LINK)) -shared -Wl,-soname,libsotto.so.0 -Wl,--version-script=client/lib/libsotto.map \
	-Wl,--wrap=stdout,--wrap=stderr \
	$(if $(SAN),,-Wl,-z,defs)
$(B)/libsotto.so.0 $(B)/installed/libsotto.so.0: $(client_lib_objects) client/lib/libsotto.map
	@mkdir -p $(@D)
	$(call run,LINK,$@)$(LINK_SHARED) $(client_lib_objects) $(CLIENT_LIBS) -o $@
$(B)/installed/libsotto.so.0: CLIENT_RPATH = $$ORIGIN/sotto
$(B)/libsotto.so: $(B)/libsotto.so.0
	@ln -sf libsotto.so.0 $@
