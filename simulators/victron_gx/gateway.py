"""What one unit id answers: the rules of the server for ranges, for what is missing, for writes."""

from typing import TYPE_CHECKING, Final, NamedTuple, override

from pymodbus.constants import ExcCodes
from pymodbus.simulator import DataType, SimAction, SimData, SimDevice

from simulators.registers import RefusedError, Register
from simulators.unit import Unit
from simulators.victron_gx.address_map import Part, UnknownAddressError
from simulators.victron_gx.fields import Coding, Field, Value
from simulators.victron_gx.unit_ids import listed

if TYPE_CHECKING:
    from simulators.victron_gx.gx import VictronGx
    from simulators.victron_gx.service import Service

#: From here on every row of a range is looked up in the service it belongs to. Before, the first
#: row chose the service for all of them.
_RESOLVES_EACH_ROW: Final = 89
#: These answered a unit id of no table with another exception.
_UNLISTED_IS_SILENT: Final = range(88, 92)
#: The switch that makes everything read-only.
_HAS_READ_ONLY: Final = 81


class _Found(NamedTuple):
    part: Part
    #: None for registers of another service type, which the older servers read as 0.
    service: Service | None


class GatewayUnit(Unit):
    """A unit id of the GX, with all services that it reaches."""

    def __init__(self, gx: VictronGx, unit_id: int) -> None:
        super().__init__([])
        self._gx = gx
        self._unit_id = unit_id

    @override
    def read(self, address: int, count: int) -> list[int]:
        self._gx.refresh()
        words: list[int] = []
        for part, service in self._walk(address, count, writing=False):
            value = None if service is None else self._gx.value_of(service, part.field.name)
            all_words = part.field.encode(value, self._gx.server)
            words += all_words[part.offset : part.offset + part.length]
        return words

    @override
    def write(self, address: int, words: list[int]) -> None:
        self._gx.refresh()
        changes: list[tuple[Service, Field, Value]] = []
        for part, service in self._walk(address, len(words), writing=True):
            new, words = words[: part.length], words[part.length :]
            if service is None or part.field.coding is Coding.FILLER:
                continue
            if part.length < part.field.count:
                # Half of a value changes that half: function 6 on two registers is the high word.
                whole = part.field.encode(service[part.field.name], self._gx.server)
                whole[part.offset : part.offset + part.length] = new
                new = whole
            if part.field.name in service.lacks.split(","):
                reason = f"SetValue failed on {part.field.name}"
                raise self._gx.refusal(ExcCodes.GATEWAY_PATH_UNAVIABLE, reason)
            changes.append((service, part.field, part.field.decode(new)))
        for service, field, value in changes:
            self._gx.accept(service, field.name, value)

    def _walk(self, address: int, count: int, *, writing: bool) -> list[_Found]:
        """Look at a range as the server does, row by row: address, service, permission."""
        gx, found = self._gx, list[_Found]()
        kind, service = "", None
        try:
            for part in gx.map.parts(address, count):
                if not found or (part.service != kind and gx.server >= _RESOLVES_EACH_ROW):
                    service = self._resolve(part.service, first=not found)
                    kind = part.service
                if writing and (self._read_only or not part.field.writable):
                    reason = f"cannot write to register {part.field.address + part.offset}"
                    raise gx.refusal(ExcCodes.ILLEGAL_ADDRESS, reason)
                found.append(_Found(part, service if part.service == kind else None))
        except UnknownAddressError as err:
            if err.past_the_end:
                gx.run_past_the_end()
            raise gx.refusal(ExcCodes.ILLEGAL_ADDRESS, str(err)) from err
        return found

    @property
    def _read_only(self) -> bool:
        return self._gx.server >= _HAS_READ_ONLY and self._gx.status.read_only

    def _resolve(self, kind: str, *, first: bool) -> Service:
        """Find the service, or refuse: as a missing device at the start, as an address later on."""
        gx = self._gx
        service = gx.look_up(kind, self._unit_id)
        if service is not None:
            return service
        reason = f"no {kind} at unit id {self._unit_id}"
        if not first:
            raise gx.refusal(ExcCodes.ILLEGAL_ADDRESS, reason)
        # UNCONFIRMED: v1.0.89 to v1.0.91 may crash here instead. All of these were betas only.
        if gx.server in _UNLISTED_IS_SILENT and listed(self._unit_id, gx.server) is None:
            raise gx.refusal(ExcCodes.GATEWAY_NO_RESPONSE, reason)
        raise gx.refusal(ExcCodes.GATEWAY_PATH_UNAVIABLE, reason)

    # What tests look at.

    def _rows(self) -> list[tuple[Service, Field]]:
        rows = []
        for kind, field in self._gx.map.entries:
            service = self._gx.find(kind, self._unit_id)
            if service is not None:
                rows.append((service, field))
        return rows

    def _register(self, service: Service, field: Field) -> Register:
        gx = self._gx

        def value() -> Value:
            gx.refresh()
            return gx.value_of(service, field.name)

        def write(value: Value) -> None:
            gx.accept(service, field.name, value)

        filler = field.coding is Coding.FILLER
        return Register(
            address=field.address,
            count=field.count,
            name=f"{service.kind}.{field.name or f'reserved_{field.address}'}",
            encode=lambda value: field.encode(value, gx.server),
            decode=field.decode,
            read=(lambda: 0xFFFF) if filler else value,
            write=write if field.writable else None,
            absent=0,
            unit=field.unit,
            filler=filler,
        )

    @override
    def __getitem__(self, name: str) -> Register:
        """Return a register by a name such as "battery.soc", the widest one of its value."""
        kind, _, value = name.partition(".")
        rows = [
            (service, field)
            for service, field in self._rows()
            if service.kind == kind and field.name == value
        ]
        if not rows:
            raise KeyError(name)
        return self._register(*max(rows, key=lambda row: row[1].count))

    @override
    def at(self, address: int) -> Register:
        """Return the register that covers this address, without a line in the log."""
        for service, field in self._rows():
            if field.address <= address < field.end:
                return self._register(service, field)
        raise RefusedError(ExcCodes.ILLEGAL_ADDRESS)

    @override
    def table(self) -> list[dict[str, object]]:
        self._gx.refresh()
        registers = [self._register(service, field) for service, field in self._rows()]
        return [
            {
                "address": register.address,
                "name": register.name,
                "words": register.words,
                "value": register.value,
                "unit": register.unit,
                "writable": register.write is not None,
            }
            for register in registers
            if not register.filler
        ]


class Switchboard(Unit):
    """Stands for all unit ids towards the wire, since each of them may reach something."""

    def __init__(self, gx: VictronGx) -> None:
        super().__init__([])
        self._gx = gx

    @property
    def _asked(self) -> Unit:
        request = self._gx.request
        return self._gx.unit(0 if request is None else request.unit)

    @override
    def read(self, address: int, count: int) -> list[int]:
        return self._asked.read(address, count)

    @override
    def write(self, address: int, words: list[int]) -> None:
        self._asked.write(address, words)

    @override
    def sim_device(self, unit_id: int, action: SimAction) -> SimDevice:
        everything = SimData(0, count=0x10000, datatype=DataType.REGISTERS)
        return SimDevice(id=unit_id, simdata=[everything], action=action)
