# libsotto: its own files and the portable ones of libshared, built against the newer libsodium.
CLIENT_SHARED = encode error key owner problem qr reader token voprf work writer
client_lib_objects := $(call client_objects,client/lib/*.c $(CLIENT_SHARED:%=libshared/%.c))
client: $(if $(wildcard client/lib/*.c),$(B)/libsotto.a)
$(B)/libsotto.a: $(client_lib_objects)
