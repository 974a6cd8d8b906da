$(eval $(call service,blobd))
