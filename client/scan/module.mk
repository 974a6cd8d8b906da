# sotto-scan: only where the libraries for pictures are; `sotto` runs it as a program of its own and says so when it is
# missing.
SCAN_PACKAGES = zbar libpng libturbojpeg
scan_there := $(shell pkg-config --exists $(SCAN_PACKAGES) 2>/dev/null && echo yes)
scan_objects := $(patsubst %.c,$(B)/scan-side/%.o,$(wildcard client/scan/*.c))
client: $(if $(scan_there),$(B)/sotto-scan)
$(B)/sotto-scan: $(scan_objects)
	$(call run,LINK,$@)$(LINK) $^ $(call pkg,--libs $(SCAN_PACKAGES)) -o $@

$(B)/scan-side/%.o: %.c
	@mkdir -p $(@D)
	$(call run,CC,$<)$(COMPILE) $(SANITISE) -fPIE $(patsubst -I%,-isystem %,$(call once,SCAN_CFLAGS,$(call pkg,--cflags $(SCAN_PACKAGES)))) $(OWN_FLAGS) -c $< -o $@

# The cage is tested by itself.
$(B)/unit/client/test_cage: $(B)/client-side/client/scan/cage.o
