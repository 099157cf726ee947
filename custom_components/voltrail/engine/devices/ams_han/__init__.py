"""Smart meters that push: AMS HAN ports (Norway, Sweden, Denmark and others) and P1 ports."""

from typing import Final, NoReturn

from ...han import Zone, parse_key
from ...model.errors import NotSupportedError
from ...model.options import Options
from ...polling.polled_device import PolledDevice, UnitSource
from ..family import Family, LineSettings, OptionField, Transport
from .meter import HanMeter
from .predecessors import PREDECESSORS


def _cannot_be_asked(units: UnitSource, unit_id: int, options: Options) -> NoReturn:
    raise NotSupportedError(reason="a meter sends by itself and cannot be asked")


FAMILY: Final[Family[PolledDevice]] = Family(
    key="ams_han",
    title="Smart meter (HAN or P1 port)",
    manufacturer="",
    transports=(Transport.SERIAL, Transport.NETWORK, Transport.MQTT),
    create=_cannot_be_asked,
    listen=HanMeter,
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
        OptionField(key="clock_zone", default=str(Zone.AUTOMATIC), choices=tuple(map(str, Zone))),
        OptionField(key="key", secret=True, check=parse_key),
        OptionField(key="authentication_key", secret=True, check=parse_key),
    ),
    predecessors=PREDECESSORS,
)

__all__ = ["FAMILY", "HanMeter"]
