# libshared: what two programs need.
$(B)/libshared.a: $(patsubst %.c,$(B)/%.o,$(wildcard libshared/*.c))
	@rm -f $@ && $(AR) rcs $@ $^
