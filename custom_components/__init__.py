"""Home of the custom integration."""
