$(eval $(call service,sottoctl))
