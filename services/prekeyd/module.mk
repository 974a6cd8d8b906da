SERVER_PROGRAMS += $(B)/prekeyd
$(B)/prekeyd: $(patsubst %.c,$(B)/%.o,$(wildcard services/prekeyd/*.c)) $(B)/libshared.a
	$(CC) $^ $(LINK) $(SERVER_LIBS) -o $@
