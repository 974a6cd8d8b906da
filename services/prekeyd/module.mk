$(eval $(call service,prekeyd))
