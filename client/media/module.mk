# sotto-media: only where GStreamer's headers are; `sotto` runs it as a program of its own and says so when it is missing.
MEDIA_PACKAGES = gstreamer-1.0 gstreamer-sdp-1.0 nice jansson
media_there := $(shell pkg-config --exists $(MEDIA_PACKAGES) 2>/dev/null && echo yes)
media_objects := $(call media_objects_of,client/media/*.c client/lib/sdp.c)
client: $(if $(media_there),$(B)/sotto-media)
$(B)/sotto-media: $(media_objects)
	$(call run,LINK,$@)$(LINK) $^ $(call pkg,--libs $(MEDIA_PACKAGES)) -o $@

$(B)/media-side/%.o: %.c
	@mkdir -p $(@D)
	$(call run,CC,$<)$(COMPILE) $(SANITISE) -fPIE $(patsubst -I%,-isystem %,$(call once,MEDIA_CFLAGS,$(call pkg,--cflags $(MEDIA_PACKAGES)))) $(OWN_FLAGS) -c $< -o $@
