# Made by `make fuzz`, in an object folder of its own.
FUZZ_LIBS = -fsanitize=fuzzer
$(eval $(call each,fuzz,fuzz_,FUZZ_LIBS))
.PHONY: fuzz-programs
fuzz-programs: $(fuzz_programs)
