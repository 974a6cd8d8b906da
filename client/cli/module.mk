CLIENT_PROGRAMS += $(B)/sotto
$(B)/sotto: $(patsubst %.c,$(B)/client-side/%.o,$(wildcard client/cli/*.c)) $(B)/libsotto.a
	$(CC) $^ $(LINK) $(CLIENT_LIBS) -o $@
