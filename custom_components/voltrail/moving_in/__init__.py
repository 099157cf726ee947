"""Moving in from another integration: histories, ids and automations go on with our entities."""
