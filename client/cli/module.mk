cli_objects := $(call client_objects,client/cli/*.c client/chat/*.c client/media/sandbox.c)
client: $(if $(cli_objects),$(B)/sotto)
$(B)/sotto: $(cli_objects) $(B)/libsotto.a
	$(call run,LINK,$@)$(LINK) $^ $(CLIENT_LIBS) -o $@

# As it is installed: it finds libomemo-c beside the daemons, and knows nothing of the build tree.
$(B)/installed/sotto: CLIENT_RPATH = $$ORIGIN/../lib/sotto
$(B)/installed/sotto: $(cli_objects) $(B)/libsotto.a
	@mkdir -p $(@D)
	$(call run,LINK,$@)$(LINK) $^ $(CLIENT_LIBS) -o $@
