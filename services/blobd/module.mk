SERVER_PROGRAMS += $(B)/blobd
$(B)/blobd: $(patsubst %.c,$(B)/%.o,$(wildcard services/blobd/*.c)) $(B)/libshared.a
	$(CC) $^ $(LINK) $(SERVER_LIBS) -o $@
