$(eval $(call each,bench,))
.PHONY: bench-programs
bench-programs: $(bench_programs)
