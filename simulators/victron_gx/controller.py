"""The ESS controller of the GX: turns settings and set-points into orders for the home."""

from enum import StrEnum
from typing import TYPE_CHECKING, Final, override

from simulators.victron_gx.driver import Driver, Volatile
from simulators.victron_gx.home import Home
from simulators.victron_gx.orders import Orders, Switch

if TYPE_CHECKING:
    from simulators.victron_gx.service import Service

#: Values of `battery_life_state`.
KEEP_CHARGED: Final = 9
_WITH_BATTERY_LIFE: Final = range(1, 9)
_BLOCKED: Final = {True: 5, False: 11}
_RUNNING: Final = {True: 2, False: 10}
#: Value of `hub4_mode` in which somebody else sets the power of the Multi.
EXTERNAL: Final = 3
_PER_PHASE: Final = 2
#: The state of charge must rise this far above its limit before the battery is discharged again.
_HYSTERESIS: Final = 3.0

_PHASES: Final = ("l1", "l2", "l3")


class OverrideZero(StrEnum):
    """What 0 in the volatile set-point 2716 means. UNCONFIRMED: there are reports of both."""

    RELEASES = "releases"
    SETPOINT = "setpoint"


def _limit(service: Service, name: str) -> float | None:
    """Return a limit, for which anything negative stands for none."""
    value = service.number(name, -1)
    return None if value < 0 else value


class EssController(Driver):
    """Reads what was written to settings, hub4 and VE.Bus, before each step of the home."""

    def __init__(
        self,
        home: Home,
        *,
        settings: Service,
        system: Service,
        hub4: Service | None,
        vebus: Service | None,
        pv_inverter: Service | None,
        override_expires: float | None,
        override_zero: OverrideZero,
        setpoint_expires: float | None,
    ) -> None:
        self._home = home
        self._settings = settings
        self._system = system
        self._hub4 = hub4
        self._vebus = vebus
        self._pv_inverter = pv_inverter
        self._zero = override_zero
        self.override = Volatile(override_expires)
        self.setpoints = {phase: Volatile(setpoint_expires) for phase in _PHASES}
        self._blocked = False

    @property
    def external(self) -> bool:
        """Whether mode 3 is on."""
        return self._settings.number("hub4_mode") == EXTERNAL

    @override
    def step(self, seconds: float) -> None:
        self.override.step(seconds)
        for setpoint in self.setpoints.values():
            setpoint.step(seconds)
        self._watch_the_battery()
        self._home.orders = self._orders()

    @override
    def wrote(self, service: Service, name: str) -> None:
        if service is self._hub4 and name == "setpoint_override":
            value = service.number(name)
            if value or self._zero is OverrideZero.SETPOINT:
                self.override.write(value)
            else:
                self.override.drop()
        elif service is self._vebus and name.startswith("setpoint_l") and self.external:
            # In modes 1 and 2 the GX writes its own value over this one with the next publish.
            self.setpoints[name.removeprefix("setpoint_")].write(service.number(name))
        self._home.orders = self._orders()

    @override
    def restart(self) -> None:
        self.override.drop()
        for setpoint in self.setpoints.values():
            setpoint.drop()

    @override
    def publish(self) -> None:
        # Dynamic ESS is shown as switched; the schedule itself is not carried out.
        active = bool(self._settings["dess_mode"]) and self._hub4 is not None
        self._system["dess_available"] = int(self._hub4 is not None)
        self._system["dess_active"] = int(active)
        self._system["dess_target_soc"] = self._settings["dess_schedule_soc"] if active else None
        if self._hub4 is not None:
            self._hub4["setpoint_override"] = self.override.value
            self._hub4["feed_in_limiting"] = int(self._home.flows.pv_ac_held_back)
        if self._vebus is None or self._hub4 is None:
            return
        flows = self._home.flows
        for phase, power in zip(_PHASES, flows.input, strict=True):
            # UNCONFIRMED what is read back in mode 3 after a set-point has run out; nothing here.
            self._vebus[f"setpoint_{phase}"] = (
                self.setpoints[phase].value if self.external else power
            )

    @property
    def minimum_soc(self) -> float:
        """The limit in force: the higher one while BatteryLife is on."""
        limit = self._settings.number("minimum_soc")
        if self._settings.number("battery_life_state") in _WITH_BATTERY_LIFE:
            limit = max(limit, self._settings.number("battery_life_soc_limit"))
        return limit

    def _watch_the_battery(self) -> None:
        """Move between running and blocked, as the GX shows it in `battery_life_state`."""
        soc, limit = self._home.battery.soc, self.minimum_soc
        if soc <= limit:
            self._blocked = True
        elif soc >= limit + _HYSTERESIS:
            self._blocked = False
        state = self._settings.number("battery_life_state")
        if self.external or state in {0, KEEP_CHARGED}:
            return
        life = state in _WITH_BATTERY_LIFE
        self._settings["battery_life_state"] = (_BLOCKED if self._blocked else _RUNNING)[life]

    @property
    def _pv_inverter_power(self) -> float | None:
        """The limit written to the PV inverter, which counts in mode 3 only."""
        if self._pv_inverter is None or not self.external:
            return None
        return _limit(self._pv_inverter, "power_limit")

    def _orders(self) -> Orders:
        settings = self._settings
        switch, input_current, charge, feed_in = Switch.ON, None, False, False
        if self._vebus is not None:
            switch = Switch(int(self._vebus.number("mode", Switch.ON)))
            input_current = _limit(self._vebus, "input_current_limit")
            charge = bool(self._vebus["charge_disabled"])
            feed_in = bool(self._vebus["feed_in_disabled"])
        if self._hub4 is None:
            return Orders(controlled=False, switch=switch, input_current=input_current)
        override_now = self.override.value
        return Orders(
            switch=switch,
            keep_charged=settings["battery_life_state"] == KEEP_CHARGED,
            per_phase=settings["hub4_mode"] == _PER_PHASE,
            grid_power=settings.number("grid_setpoint") if override_now is None else override_now,
            external=self.external,
            input_powers=(
                self.setpoints["l1"].value,
                self.setpoints["l2"].value,
                self.setpoints["l3"].value,
            ),
            pv_inverter_power=self._pv_inverter_power,
            # Both flags belong to mode 3; the controller sets them as it likes otherwise.
            charge_disabled=charge and self.external,
            feed_in_disabled=feed_in and self.external,
            minimum_soc=self.minimum_soc + (_HYSTERESIS if self._blocked else 0.0),
            inverter_limit=_limit(settings, "max_discharge_power"),
            charge_current=_limit(settings, "max_charge_current"),
            feed_in_limit=_limit(settings, "max_feed_in_power"),
            feed_in_panels=bool(settings["feed_in_dc_excess"]),
            hold_back_pv_inverters=bool(settings["prevent_ac_feed_in"]),
            input_current=input_current,
            import_current=_limit(settings, "peak_shaving_import_limit"),
            export_current=_limit(settings, "peak_shaving_export_limit"),
            shave_always=bool(settings["peak_shaving_always"]),
        )
