"""Registers that both profiles have in the same place, with the same meaning."""

from contextlib import suppress
from typing import ClassVar

from modbus_connection import IllegalDataAddressError
from modbus_connection.model import Component, NumberField, enum, integer, string

from ...model.points import Quantity, Tier, enumerated, measure, phases
from .states import Relay


class Block(Component):
    """A run of registers that stand side by side in the document.

    UNCONFIRMED: no known client reads it in one go. If a charger refuses that, the rows of the
    document are read one by one, and from then on those that it serves.
    """

    rows: ClassVar[tuple[tuple[str, ...], ...]] = ()

    async def fit(self) -> None:
        """Read it, in pieces if need be; raises if no piece of it is served.

        A single refusal may be a passing one; what is refused twice is not there.
        """
        try:
            try:
                await self.async_update(notify=False)
            except IllegalDataAddressError:
                await self.async_update(notify=False)
        except IllegalDataAddressError:
            served = [row for row in self.rows if await self._serves(row)]
            if not served:
                raise
            self.register_ranges = tuple(self._span(row) for row in served)
            self.restrict_fields([name for row in served for name in row])
            await self.async_update(notify=False)

    async def _serves(self, row: tuple[str, ...]) -> bool:
        alone = type(self)(self.modbus_unit)
        alone.restrict_fields(row)
        for _ in range(2):
            with suppress(IllegalDataAddressError):
                await alone.async_update(notify=False)
                return True
        return False

    def _span(self, row: tuple[str, ...]) -> tuple[int, int]:
        places = [self.resolved_fields[name] for name in row]
        return (
            min(place.address for place in places),
            max(place.address + place.count - 1 for place in places),
        )


def contactor(address: int) -> NumberField[Relay]:
    """Declare the state of the relay. Whatever is not 0 means that it is on."""
    field = enumerated(enum(address, Relay), tier=Tier.DETAIL)
    known = {int(state): state for state in Relay}
    field.convert = lambda raw: known.get(raw, Relay.ON)
    return field


class Model(Component):
    """What the charger or its controller calls itself."""

    model = string(142, 10)


class Fallback(Component):
    """What the charger does when its energy manager falls silent."""

    register_ranges = ((131, 132),)

    safe_current = measure(
        integer(131, signed=False, writable=True), Quantity.CURRENT, tier=Tier.DETAIL
    )
    communication_timeout = measure(
        integer(132, signed=False, writable=True), Quantity.DURATION, tier=Tier.DETAIL
    )


class Operator(Component):
    """The lowest limit over all load management, of the weakest phase."""

    operator_limit = measure(integer(134, signed=False), Quantity.CURRENT, tier=Tier.DETAIL)


class NetworkLimits(Block):
    """The limits of a group of chargers; only its master reports them."""

    register_ranges = ((610, 615),)
    rows = (
        ("network_limit_l1", "network_limit_l2", "network_limit_l3"),
        ("network_ems_limit_l1", "network_ems_limit_l2", "network_ems_limit_l3"),
    )

    network_limit_l1, network_limit_l2, network_limit_l3 = phases(
        integer, (610, 611, 612), Quantity.CURRENT, tier=Tier.EXPERT, signed=False
    )
    # The lowest of the three is applied to all phases.
    network_ems_limit_l1 = integer(613, signed=False, writable=True)
    network_ems_limit_l2 = integer(614, signed=False, writable=True)
    network_ems_limit_l3 = integer(615, signed=False, writable=True)


class NetworkCurrents(Block):
    """The currents of a group.

    6 A are reserved for each car that is connected and draws nothing, so what is
    applied may exceed the limit.
    """

    register_ranges = ((630, 635),)
    rows = (
        ("network_applied_l1", "network_applied_l2", "network_applied_l3"),
        ("network_available_l1", "network_available_l2", "network_available_l3"),
    )

    network_applied_l1, network_applied_l2, network_applied_l3 = phases(
        integer, (630, 631, 632), Quantity.CURRENT, tier=Tier.EXPERT, signed=False
    )
    network_available_l1, network_available_l2, network_available_l3 = phases(
        integer, (633, 634, 635), Quantity.CURRENT, tier=Tier.EXPERT, signed=False
    )
