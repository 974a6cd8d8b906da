# One program a module, each with its own main().
$(eval $(call each,unit,test_,CHECK_LIBS))
# What takes longest begins first, beside the others.
unit_programs := $(filter %/test_vault,$(unit_programs)) $(filter-out %/test_vault,$(unit_programs))
.PHONY: unit-programs
unit-programs: $(unit_programs)

# It runs the program too.
$(B)/unit/client/test_power: | $(B)/sotto

# Another implementation of the sessions, whose source client/fetch-libs brings.
picomemo := $(addprefix $(B)/picomemo/,omemo.o hacl.o openssl.o)
$(B)/unit/client/test_session: $(picomemo)
$(B)/client-side/tests/unit/client/test_session.o: CPPFLAGS += -isystem $(LIBS)/picomemo
$(picomemo): $(B)/picomemo/%.o: $(LIBS)/stamp
	@mkdir -p $(@D)
	$(call run,CC,picomemo/$*.c)$(CC) -O2 -w -c $(LIBS)/picomemo/$*.c -o $@
