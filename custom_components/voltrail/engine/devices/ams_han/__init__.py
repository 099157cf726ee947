"""Smart meters that push: AMS HAN ports (Norway, Sweden, Denmark and others) and P1 ports."""

from typing import TYPE_CHECKING, Any, Final, NoReturn

from ...model.errors import NotSupportedError
from ..family import Family, Late, LineSettings, OptionField, Transport
from .predecessors import PREDECESSORS


def _cannot_be_asked(*_: object) -> NoReturn:
    raise NotSupportedError(reason="a meter sends by itself and cannot be asked")


if TYPE_CHECKING:
    from ...polling.polled_device import PolledDevice
    from .meter import HanMeter

ZONES: Final = ("automatic", "standard", "wall")
"""What its user may say about the clock of the meter: the words of ``han.Zone``."""

_PARSE_KEY: Final = Late(__name__.removesuffix("devices.ams_han") + "han", "cipher", "parse_key")
_DEVICE: Final = Late(__name__, "meter", "HanMeter")

FAMILY: Final[Family[PolledDevice]] = Family(
    key="ams_han",
    title="Smart meter (HAN or P1 port)",
    manufacturer="",
    transports=(Transport.SERIAL, Transport.NETWORK, Transport.MQTT),
    create=_cannot_be_asked,
    listen=_DEVICE,
    port=3001,
    usual_lines=(
        # Kaifa and Aidon; Kamstrup; RJ12 and P1 ports. The last ones were only reported.
        LineSettings(baudrate=2400, parity="E"),
        LineSettings(baudrate=2400),
        LineSettings(baudrate=115200),
        # Landis+Gyr E360 in Switzerland; Iskraemeco AM550 in Ljubljana.
        LineSettings(baudrate=9600),
        LineSettings(baudrate=38400),
        LineSettings(baudrate=2400, parity="O"),
        LineSettings(baudrate=9600, bytesize=7, parity="E"),
        LineSettings(baudrate=115200, bytesize=7, parity="E"),
    ),
    option_fields=(
        OptionField(key="power_interval", default=0, minimum=0, maximum=300, step=1, unit="s"),
        OptionField(key="update_interval", default=10, minimum=0, maximum=300, step=1, unit="s"),
        OptionField(key="scale_factor", default=1, minimum=0.001, maximum=10_000),
        OptionField(key="energy_factor", default=1, minimum=0.001, maximum=1000),
        OptionField(key="clock_zone", default=ZONES[0], choices=ZONES),
        OptionField(key="key", secret=True, check=_PARSE_KEY),
        OptionField(key="authentication_key", secret=True, check=_PARSE_KEY),
    ),
    predecessors=PREDECESSORS,
)

__all__ = ["FAMILY", "HanMeter"]


def __getattr__(name: str) -> Any:
    """Import the device when a program asks for it."""
    if name == "HanMeter":
        return _DEVICE.load()
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
