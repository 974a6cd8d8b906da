$(eval $(call service,bridged,services/bridged/gate%.c))

# The broker's plugin: as little as possible inside a program that is not ours.
gate_objects := $(call plugin_objects,services/bridged/gate*.c services/bridged/password.c \
	$(patsubst %,libshared/%.c,encode error key reader writer))
server: $(if $(wildcard services/bridged/gate.c),$(B)/gate.so)
$(B)/gate.so: $(gate_objects)
	$(call run,LINK,$@)$(CC) -shared -Wl,-z,relro,-z,now,-z,noexecstack $(LDFLAGS) $^ $(call pkg,--libs libsodium) -o $@
