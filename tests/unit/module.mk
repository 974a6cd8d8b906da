# One program a module, each with its own main().
$(eval $(call each,unit,test_,CHECK_LIBS))
.PHONY: unit-programs
unit-programs: $(unit_programs)
