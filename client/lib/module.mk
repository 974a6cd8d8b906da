# libsotto: its own objects and those parts of libshared that a client needs, built against the newer libsodium.
CLIENT_SHARED := encode error key owner reader writer
CLIENT_OBJECTS := $(patsubst %.c,$(B)/client-side/%.o,$(wildcard client/lib/*.c) \
	$(patsubst %,libshared/%.c,$(CLIENT_SHARED)))
$(B)/libsotto.a: $(CLIENT_OBJECTS)
	@rm -f $@ && $(AR) rcs $@ $^
