$(eval $(call each,bench,,CHECK_LIBS))
.PHONY: bench-programs
bench-programs: $(bench_programs)
