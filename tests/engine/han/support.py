"""What the tests of the decoder share: quantities, messages of all meters, what must come out."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from hypothesis import strategies as st

from custom_components.voltrail.engine.han import HanReader, Message, Number
from simulators.ams_han.catalogue import METERS
from simulators.ams_han.ciphering import Seal
from simulators.ams_han.meter import HanMeter, Sent
from simulators.ams_han.quantities import Net, PerPhase, Quantities

KEY: Final = bytes(range(16))
AUTHENTICATION_KEY: Final = bytes(range(0xD0, 0xE0))
START: Final = datetime(2026, 7, 1, 9, 59, 30, tzinfo=UTC)

#: Values that every maker can send exactly.
BUSY: Final = Quantities(
    moment=datetime(2026, 7, 1, 10, 0, 10, tzinfo=UTC),
    power_imported=4821,
    reactive_exported=377,
    currents=(14.5, 3.1, 4.4),
    voltages=(231.0, 229.0, 233.0),
    power_imported_per_phase=(3200, 650, 971),
    reactive_exported_per_phase=(100, 177, 100),
    energy_imported=22_721_380,
    energy_exported=12_340,
    reactive_energy_imported=582_430,
    reactive_energy_exported=1_708_430,
)


def sealed(name: str) -> Seal | None:
    """The cipher of a meter that is usually encrypted."""
    kind = METERS[name]
    return kind.seal(KEY, AUTHENTICATION_KEY) if kind.ciphered else None


def simulated(name: str, seal: Seal | None = None) -> HanMeter:
    """A meter that has lived for a while."""
    meter = HanMeter(METERS[name], start=START, seal=seal or sealed(name))
    meter.house.advance(60, START)
    return meter


def encoded(name: str, list_name: str, now: Quantities, seal: Seal | None = None) -> bytes:
    """One list of a meter, as it comes over the wire."""
    kind = METERS[name]
    content = kind.lists(kind.identity)[list_name](now)
    return b"".join(kind.frames(content, seal or sealed(name)))


def reader() -> HanReader:
    """A reader that has the keys."""
    return HanReader(encryption_key=KEY, authentication_key=AUTHENTICATION_KEY)


def decoded(*pieces: bytes) -> list[Message]:
    """All messages in a stream that then ends."""
    fresh = reader()
    messages = [message for piece in pieces for message in fresh.feed(piece)]
    return messages + fresh.silence()


def decode_one(wire: bytes) -> Message:
    """The one message in a stream."""
    (message,) = decoded(wire)
    return message


def an_hour_change(name: str) -> list[Sent]:
    """All that a meter sends in the 50 seconds around a full hour."""
    return list(simulated(name).run_until(datetime(2026, 7, 1, 10, 0, 20, tzinfo=UTC)))


def powers(now: Quantities) -> dict[str, Number]:
    """The totals that nearly every list has."""
    return {
        "power_imported": now.power_imported,
        "power_exported": now.power_exported,
        "reactive_power_imported": now.reactive_imported,
        "reactive_power_exported": now.reactive_exported,
    }


def per_phase(name: str, values: PerPhase) -> dict[str, Number]:
    """A value of each phase."""
    return {f"{name}_l{phase}": value for phase, value in enumerate(values, start=1)}


def counters(now: Quantities) -> dict[str, Number]:
    """The counters, in Wh and varh."""
    return {
        "energy_imported": now.energy_imported,
        "energy_exported": now.energy_exported,
        "reactive_energy_imported": now.reactive_energy_imported,
        "reactive_energy_exported": now.reactive_energy_exported,
    }


def expected(name: str, list_name: str, now: Quantities) -> dict[str, Number]:
    """What a list must say, for values that its maker can send exactly."""
    kind = METERS[name]
    if list_name == "1" and not name.startswith("kamstrup"):
        return {"power_imported": now.power_imported}
    if (special := _of_few_words(name, list_name, now)) is not None:
        return special
    signed = name.startswith(("aidon", "embriq"))
    l1, l2, l3 = now.currents
    currents = now.currents if signed else (abs(l1), abs(l2), abs(l3))
    readings = powers(now) | per_phase("current", currents) | per_phase("voltage", now.voltages)
    if list_name in {"3", "full"} or (list_name == "2" and name.startswith("kamstrup")):
        readings |= counters(now)
    if name == "aidon-se" or (name.startswith("p1") and name != "p1-nl"):
        readings |= (
            per_phase("power_imported", now.power_imported_per_phase)
            | per_phase("power_exported", now.power_exported_per_phase)
            | per_phase("reactive_power_imported", now.reactive_imported_per_phase)
            | per_phase("reactive_power_exported", now.reactive_exported_per_phase)
        )
    if name == "p1-nl":
        readings = {key: value for key, value in readings.items() if "reactive" not in key}
        readings |= {key: round(readings[key]) for key in per_phase("current", now.currents)}
    return {key: value for key, value in readings.items() if _is_sent(name, kind.net, key, value)}


def _of_few_words(name: str, list_name: str, now: Quantities) -> dict[str, Number] | None:
    """What the lists say that hold neither all nor only the usual; ``None`` for all others."""
    l1, l2, l3 = now.currents
    currents = per_phase("current", (abs(l1), abs(l2), abs(l3)))
    phases = (
        currents
        | per_phase("voltage", now.voltages)
        | per_phase("power_imported", now.power_imported_per_phase)
        | per_phase("power_exported", now.power_exported_per_phase)
    )
    active = {key: value for key, value in powers(now).items() if "reactive" not in key}
    energy = {key: value for key, value in counters(now).items() if "reactive" not in key}
    match name, list_name:
        case "iskra-si", "2":
            return powers(now) | phases
        case "iskra-si", "3":
            return counters(now)
        case "iskra-hr", _:
            return active | energy | phases | {"power_factor": now.power_factor}
        case "landis-at", _:
            return active | energy | currents | per_phase("voltage", now.voltages)
    if kind_of_push(name):
        factor = {"power_factor": now.power_factor}
        return powers(now) | counters(now) | currents | per_phase("voltage", now.voltages) | factor
    return None


def kind_of_push(name: str) -> bool:
    """Whether a meter sends lists that describe themselves."""
    return name.startswith(("landis-e", "iskra-ch"))


def _is_sent(name: str, net: Net, key: str, value: Number) -> bool:
    """Whether a meter on this net measures the value."""
    if net is Net.ONE_PHASE:
        return not key.endswith(("_l2", "_l3"))
    if net is not Net.IT:
        return True
    if key == "current_l2":
        return name.startswith("kamstrup") or (name.startswith("kaifa") and value != 0)
    return not (key == "voltage_l2" and name.startswith(("kaifa", "embriq")))


def _three(values: st.SearchStrategy[float]) -> st.SearchStrategy[PerPhase]:
    return st.tuples(values, values, values)


_watts = st.integers(0, 60_000).map(float)
_amperes = st.integers(-800, 800).map(lambda tenths: tenths / 10)
_volts = st.integers(200, 260).map(float)
_counters = st.integers(0, 40_000_000).map(lambda tens: tens * 10.0)
_moments = st.datetimes(datetime(2018, 1, 1), datetime(2037, 12, 31)).map(  # noqa: DTZ001 - made aware below
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)

#: Anything a house may do, in steps that every maker can send.
any_quantities = st.builds(
    Quantities,
    moment=_moments,
    power_imported=_watts,
    power_exported=_watts,
    reactive_imported=_watts,
    reactive_exported=_watts,
    currents=_three(_amperes),
    voltages=_three(_volts),
    power_imported_per_phase=_three(_watts),
    power_exported_per_phase=_three(_watts),
    reactive_imported_per_phase=_three(_watts),
    reactive_exported_per_phase=_three(_watts),
    energy_imported=_counters,
    energy_exported=_counters,
    reactive_energy_imported=_counters,
    reactive_energy_exported=_counters,
)

#: Every list of every meter whose scales are certain from the list alone.
ALL_LISTS: Final = [
    (name, list_name)
    for name, kind in METERS.items()
    if not name.startswith(("kamstrup-push", "landis-e570"))
    for list_name in kind.lists(kind.identity)
]


def zeroed(now: Quantities) -> Quantities:
    """The same with no voltage on L2."""
    first, _, third = now.voltages
    return replace(now, voltages=(first, 0.0, third))
