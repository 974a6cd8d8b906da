# Made by `make fuzz`, in an object folder of its own.
FUZZ_LIBS = -fsanitize=fuzzer
$(eval $(call each,fuzz,fuzz_,FUZZ_LIBS))
.PHONY: fuzz-programs fuzz-objects
fuzz-programs: $(fuzz_programs) $(B)/fuzz/client/seeds
# That they compile any compiler can tell.
fuzz-objects: $(call client_objects,tests/fuzz/client/*.c) $(filter-out $(B)/tests/fuzz/client/%,$(call server_objects,tests/fuzz/*.c tests/fuzz/*/*.c))
$(B)/fuzz/client/seeds: $(B)/client-side/tests/fuzz/client/seeds.o $(B)/libsotto.a
	$(call run,LINK,$@)$(LINK) $^ $(CLIENT_LIBS) -o $@
