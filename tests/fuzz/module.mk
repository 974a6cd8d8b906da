# Made by `make fuzz`, in an object folder of its own.
FUZZ_LIBS = -fsanitize=fuzzer
$(eval $(call each,fuzz,fuzz_,FUZZ_LIBS))
.PHONY: fuzz-programs
fuzz-programs: $(fuzz_programs) $(B)/fuzz/client/seeds
$(B)/fuzz/client/seeds: $(B)/client-side/tests/fuzz/client/seeds.o $(B)/libsotto.a
	$(call run,LINK,$@)$(LINK) $^ $(CLIENT_LIBS) -o $@
