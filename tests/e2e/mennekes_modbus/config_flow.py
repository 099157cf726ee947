"""The entry, as the YAML of the test has it."""

from typing import Any

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult

from . import DOMAIN


class OldFlow(ConfigFlow, domain=DOMAIN):
    """Takes what it is given."""

    async def async_step_import(self, import_data: dict[str, Any]) -> ConfigFlowResult:
        """Make the entry."""
        return self.async_create_entry(title="My old charger", data=import_data)
