SERVER_PROGRAMS += $(B)/bridged $(B)/gate.so
$(B)/bridged: $(patsubst %.c,$(B)/%.o,$(filter-out %/gate.c,$(wildcard services/bridged/*.c))) $(B)/libshared.a
	$(CC) $^ $(LINK) $(SERVER_LIBS) -o $@

# The broker's plugin: as little as possible in a process that is not ours.
$(B)/gate.so: $(patsubst %,$(B)/pic/%.o,services/bridged/gate services/bridged/password libshared/encode libshared/key \
		libshared/reader libshared/writer)
	$(CC) -shared $^ $(SAN_$(SAN)) -Wl,-z,relro,-z,now $(call pkg,--libs libsodium) -o $@
