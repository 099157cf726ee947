"""What is read from a GX, compared with the simulator's own table."""

import pytest

from custom_components.voltrail.engine.devices.victron_gx.fields import GxNumber
from simulators.victron_gx import VictronGx as SimulatedGx
from simulators.victron_gx import ess_home, everything

from .support import Meeting, all_services, factor, meet


def simulated(gx: SimulatedGx, unit_id: int) -> dict[tuple[int, int], object]:
    """Return the simulator's own table of a unit: values by address and number of registers."""
    unit = gx.unit(unit_id)
    return {
        (int(str(row["address"])), len(list(row["words"]))): row["value"]  # type: ignore[call-overload]
        for row in unit.table()
    }


def check_every_register(meeting: Meeting) -> int:
    """Compare every value that the engine holds with the simulator's; return how many."""
    compared = 0
    for component in meeting.components():
        table = simulated(meeting.gx, component.unit_id)
        for name, resolved in component.resolved_fields.items():
            theirs = table[resolved.address, resolved.count]
            ours = getattr(component, name)
            where = f"{name} at {resolved.address} of unit {component.unit_id}"
            field = resolved.field
            if not isinstance(field, GxNumber):
                assert ours == str(theirs or "").strip()[: 2 * resolved.count], where
            elif not theirs or (field.setting is not None and theirs == field.setting.off):
                # Without a value the register reads 0, and "no limit" is no value either.
                assert not ours, where
            elif field.convert is not None:
                assert int(ours) == theirs, where
            else:
                assert isinstance(theirs, int | float), where
                # Narrow registers wrap; their wider twins show that nothing is lost.
                span = field.step * (1 << 16 * field.count)
                difference = (ours - theirs * factor(field)) % span
                assert min(difference, span - difference) <= field.step * 0.501, where
            compared += 1
    return compared


async def test_an_ess_home_reads_as_the_simulator_has_it() -> None:
    """Every value of a typical home is the simulator's, register by register."""
    async with meet(ess_home()) as meeting:
        await meeting.poll()
        assert meeting.device.failures == {}
        assert check_every_register(meeting) > 400


async def test_every_service_reads_as_the_simulator_has_it() -> None:
    """So is every value of a GX that has one device of each type."""
    gx = everything()
    async with meet(gx, services=all_services(gx)) as meeting:
        await meeting.poll()
        assert meeting.device.failures == {}
        assert gx.status.errors == 0
        # All registers of the list but the narrow twins of wider ones.
        assert check_every_register(meeting) > 840


SERVERS = (
    *(41, 44, 45, 48, 52, 53, 58, 59, 62, 68, 70, 71, 73, 74, 76, 80, 81),
    *(82, 84, 85, 88, 89, 93, 94, 95, 96, 97, 98, 99, 100, 101),
)
"""What the releases of Venus OS carry, and both sides of every step of the map."""


@pytest.mark.parametrize("server", SERVERS)
async def test_every_firmware_is_read_without_an_error(server: int) -> None:
    """Reads are cut at the holes of the running firmware, whatever it is."""
    gx = everything(firmware="3.60" if server < 89 else "3.80", server=server)
    async with meet(gx, services=all_services(gx)) as meeting:
        await meeting.device.identify()
        # Finding out the version of the map may be refused a few times, once for good.
        asked = gx.status.errors
        assert asked <= 3
        await meeting.poll()
        assert meeting.device.failures == {}
        assert list(gx.error_log)[asked:] == []
        assert check_every_register(meeting) > 500
        assert gx.status.crashes == 0
