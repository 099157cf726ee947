"""Names that cross files."""

from typing import Final

from homeassistant.const import Platform

DOMAIN: Final = "voltrail"

PLATFORMS: Final = (
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.TIME,
)

CHARGING: Final = "charging"
"""What stands in the place of a family for an entry that controls chargers."""

CONF_FAMILY: Final = "family"
CONF_TRANSPORT: Final = "transport"
CONF_UNIT_ID: Final = "unit_id"
CONF_BAUDRATE: Final = "baudrate"
CONF_BYTESIZE: Final = "bytesize"
CONF_PARITY: Final = "parity"
CONF_STOPBITS: Final = "stopbits"
CONF_HANDSHAKE: Final = "handshake"
CONF_FINGERPRINT: Final = "fingerprint"
CONF_IDENTITY_KEY: Final = "identity_key"
CONF_READ_ONLY: Final = "read_only"
CONF_FORMER_DEVICES: Final = "former_devices"
CONF_TOPICS: Final = "topics"
CONF_MAX_CURRENT: Final = "max_current"
CONF_EVERY_CHANGE: Final = "every_change"
