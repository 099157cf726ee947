"""Shows the home on the services of the GX, each in the words of its device."""

from typing import TYPE_CHECKING, Final, override

from simulators.victron_gx.driver import Driver
from simulators.victron_gx.home import Home
from simulators.victron_gx.orders import Switch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from simulators.victron_gx.service import Service

_PHASES: Final = ("l1", "l2", "l3")
#: States of VE.Bus devices and solar chargers.
_OFF, _BULK, _ABSORPTION, _FLOAT, _PASS_THROUGH, _INVERTING = 0, 3, 4, 5, 8, 9
_EXTERNAL_CONTROL: Final = 252
_NO_INPUT: Final = 240
_GRID: Final = 1
_ALARM: Final = 2
_MPP_OFF, _MPP_HELD_BACK, _MPP_TRACKING = 0, 1, 2
_IDLE, _CHARGING, _DISCHARGING = 0, 1, 2
#: Panels in series at one MPPT.
_PANEL_VOLTS: Final = 110.0


class Instruments(Driver):
    """Publishes a home; `services` are those of the GX, of which it knows some types."""

    def __init__(self, home: Home, services: Mapping[str, Service]) -> None:
        self._home = home
        self._services = services
        self._shows: dict[str, Callable[[Service], None]] = {
            "vebus": self._vebus,
            "battery": self._battery,
            "grid": self._grid,
            "pvinverter": self._pv_inverter,
            "system": self._system,
        }

    def _of(self, kind: str) -> list[Service]:
        return [service for service in self._services.values() if service.kind == kind]

    @override
    def publish(self) -> None:
        for kind, show in self._shows.items():
            for service in self._of(kind):
                show(service)
        for number, service in enumerate(self._of("solarcharger")[: self._home.mppts]):
            self._solar_charger(service, number)

    @override
    def wrote(self, service: Service, name: str) -> None:
        if service.kind == "vebus" and (
            name == "system_reset" or (name == "mode" and service["mode"] == Switch.OFF)
        ):
            # The counters of VE.Bus live in the Multi, which forgets them when it is switched off.
            self._home.vebus_counters.clear()

    @override
    def restart(self) -> None:
        self._home.vebus_counters.clear()

    def _volts(self, phase: int) -> float:
        return self._home.mains.voltages[phase] if self._home.house.grid_connected else 0.0

    @property
    def _in_parallel(self) -> bool:
        switch = self._home.orders.switch
        return self._home.house.grid_connected and switch not in {
            Switch.OFF,
            Switch.INVERTER_ONLY,
        }

    def _vebus(self, service: Service) -> None:
        home, flows = self._home, self._home.flows
        switch, parallel = home.orders.switch, self._in_parallel
        for phase, name in enumerate(_PHASES[: home.house.phases]):
            volts = self._volts(phase) if parallel else 0.0
            power = flows.input[phase] if parallel else 0
            out = (volts or 230.0) if switch is not Switch.OFF else 0.0
            service[f"input_voltage_{name}"] = volts
            service[f"input_power_{name}"] = power
            service[f"input_current_{name}"] = power / volts if volts else 0.0
            service[f"input_frequency_{name}"] = home.mains.frequency if parallel else None
            service[f"output_voltage_{name}"] = out
            service[f"output_power_{name}"] = flows.output[phase]
            service[f"output_current_{name}"] = flows.output[phase] / out if out else 0.0
        service["output_frequency_l1"] = home.mains.frequency if switch is not Switch.OFF else None
        service["dc_voltage"] = home.battery.voltage
        service["dc_current"] = -flows.inverter_dc / home.battery.voltage
        service["soc"] = home.battery.soc
        service["phase_count"] = home.house.phases
        service["active_input"] = 0 if parallel else _NO_INPUT
        service["alarm_grid_lost"] = 0 if home.house.grid_connected else _ALARM
        service["state"] = self._vebus_state(parallel=parallel)
        counters = home.vebus_counters
        for flow in (
            "input_1_to_output",
            "input_1_to_inverter",
            "inverter_to_input_1",
            "inverter_to_output",
        ):
            service[f"energy_{flow}"] = counters[flow]

    def _vebus_state(self, *, parallel: bool) -> int:
        orders = self._home.orders
        if orders.switch is Switch.OFF:
            return _OFF
        if not parallel:
            return _INVERTING
        if orders.external and all(power is None for power in orders.input_powers):
            return _PASS_THROUGH
        return _EXTERNAL_CONTROL if orders.controlled else self._charge_state

    @property
    def _charge_state(self) -> int:
        soc = self._home.battery.soc
        return _FLOAT if soc >= 99.9 else _ABSORPTION if soc > 95 else _BULK

    def _battery(self, service: Service) -> None:
        battery = self._home.battery
        service["voltage"] = battery.voltage
        service["current"] = battery.current
        service["power"] = battery.power
        service["soc"] = battery.soc
        service["temperature"] = battery.temperature
        service["consumed_charge"] = battery.consumed
        service["time_to_go"] = battery.seconds_left
        if "charge_current_limit" in service.values:  # a BMS, not a shunt
            cell = battery.voltage / battery.cells
            service["charge_current_limit"] = battery.charge_current_limit
            service["discharge_current_limit"] = battery.discharge_current_limit
            service["lowest_cell_voltage"] = cell - 0.01
            service["highest_cell_voltage"] = cell + 0.01
            service["lowest_cell_temperature"] = battery.temperature - 1
            service["highest_cell_temperature"] = battery.temperature + 1
            service["allows_charge"] = int(battery.charge_current_limit > 0)
            service["allows_discharge"] = int(battery.discharge_current_limit > 0)
        if "energy_charged" in service.values:
            service["energy_charged"] = battery.energy_charged / 1000
            service["energy_discharged"] = battery.energy_discharged / 1000

    def _solar_charger(self, service: Service, number: int) -> None:
        home, flows, day = self._home, self._home.flows, self._home.days[number]
        power = flows.pv_dc[number] if flows.pv_dc else 0
        service["pv_power"] = power
        service["pv_voltage"] = _PANEL_VOLTS if power else 0.0
        service["dc_voltage"] = home.battery.voltage
        service["dc_current"] = power / home.battery.voltage
        service["state"] = self._mppt_state(power)
        held_back = _MPP_HELD_BACK if flows.panels_held_back else _MPP_TRACKING
        service["mpp_mode"] = held_back if power else _MPP_OFF
        service["yield_today"] = day.today
        service["yield_yesterday"] = day.yesterday
        service["max_power_today"] = day.most_today
        service["max_power_yesterday"] = day.most_yesterday
        service["yield_total"] = day.total

    def _mppt_state(self, power: int) -> int:
        if not power:
            return _OFF
        return _EXTERNAL_CONTROL if self._home.orders.controlled else self._charge_state

    def _grid(self, service: Service) -> None:
        home, flows, counters = self._home, self._home.flows, self._home.counters
        for phase, name in enumerate(_PHASES[: home.house.phases]):
            volts = self._volts(phase)
            service[f"voltage_{name}"] = volts
            service[f"power_{name}"] = flows.grid[phase]
            service[f"current_{name}"] = flows.grid[phase] / volts if volts else 0.0
            service[f"energy_imported_{name}"] = counters[f"imported_{name}"]
            service[f"energy_exported_{name}"] = counters[f"exported_{name}"]
        service["energy_imported"] = counters["imported"]
        service["energy_exported"] = counters["exported"]
        service["frequency"] = home.mains.frequency if home.house.grid_connected else 0.0

    def _pv_inverter(self, service: Service) -> None:
        home, flows = self._home, self._home.flows
        for phase, name in enumerate(_PHASES[: home.house.phases]):
            volts = self._volts(phase)
            service[f"voltage_{name}"] = volts
            service[f"power_{name}"] = flows.pv_ac[phase]
            service[f"current_{name}"] = flows.pv_ac[phase] / volts if volts else 0.0
            service[f"energy_{name}"] = home.counters[f"pv_{name}"]
        service["power"] = sum(flows.pv_ac)
        service["frequency"] = home.mains.frequency

    def _system(self, service: Service) -> None:
        home, flows, battery = self._home, self._home.flows, self._home.battery
        for phase, name in enumerate(_PHASES[: home.house.phases]):
            before, behind = flows.load_input[phase], flows.load_output[phase]
            service[f"consumption_power_{name}"] = before + behind
            service[f"consumption_on_input_power_{name}"] = before
            service[f"consumption_on_output_power_{name}"] = behind
            service[f"grid_power_{name}"] = flows.grid[phase]
            if home.house.pv_inverters:
                service[f"pv_on_grid_power_{name}"] = flows.pv_ac[phase]
        service["active_source"] = _GRID if self._in_parallel else _NO_INPUT
        service["battery_voltage"] = battery.voltage
        service["battery_current"] = battery.current
        service["battery_power"] = battery.power
        service["battery_soc"] = battery.soc
        service["battery_state"] = (
            _CHARGING if battery.power > 0 else _DISCHARGING if battery.power < 0 else _IDLE
        )
        service["battery_consumed_charge"] = battery.consumed
        service["battery_time_to_go"] = battery.seconds_left
        service["dc_pv_power"] = sum(flows.pv_dc)
        service["dc_pv_current"] = sum(flows.pv_dc) / battery.voltage
        service["vebus_power"] = service["inverter_charger_power"] = -flows.inverter_dc
        amps = -flows.inverter_dc / battery.voltage
        service["vebus_current"] = service["inverter_charger_current"] = amps
