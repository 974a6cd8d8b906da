SERVER_PROGRAMS += $(B)/sottoctl
$(B)/sottoctl: $(patsubst %.c,$(B)/%.o,$(wildcard services/sottoctl/*.c)) $(B)/libshared.a
	$(CC) $^ $(LINK) $(SERVER_LIBS) -o $@
