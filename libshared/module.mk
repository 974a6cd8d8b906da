# What two programs need.
$(B)/libshared.a: $(call server_objects,libshared/*.c)
