$(B)/bench/%: $(B)/tests/bench/%.o $(B)/libshared.a
	@mkdir -p $(@D)
	$(CC) $^ $(LINK) $(SERVER_LIBS) -o $@
