"""Believable values for devices that nothing brings to life."""

from typing import Final

from simulators.victron_gx.fields import Coding, Field, Value

#: Values by name, or by service and name, where a made-up number would mean nothing.
NAMED: Final[dict[str, Value]] = {
    "product_id": 0xA161,
    "state": 5,
    "mode": 1,
    "error_code": 0,
    "phase_count": 3,
    "active_input": 0,
    "soh": 98,
    "custom_name": "Named by owner",
    "frequency": 50.02,
    "mpp_mode": 2,
    "setpoint_override": None,
    "acsystem.state": 9,
    "acsystem.ess_mode": 1,
    "acsystem.ess_setpoint": 250,
    "multi.mode": 3,
    "multi.state": 9,
    "multi.ess_mode": 1,
    "multi.ess_setpoint": -300,
    "multi.input_1_type": 1,
    "multi.input_2_type": 2,
    "inverter.mode": 2,
    "inverter.state": 9,
    "charger.state": 4,
    "battery.state": 9,
    "battery.mode": 3,
    "battery.balancer_status": 1,
    "vebus.microgrid_mode": 1,
    "genset.status_code": 8,
    "genset.error_text_1": "#1.132",
    "dcgenset.status_code": 8,
    "generator.state": 0,
    "generator.running_by_condition_code": 0,
    "generator.manual_start": 0,
    "generator.runtime": 0,
    "generator.service_counter": 180_000,
    "generator.error": 0,
    "evcharger.mode": 0,
    "evcharger.start_stop": 0,
    "evcharger.set_current": 16,
    "evcharger.max_current": 32,
    "evcharger.position": 0,
    "evcharger.model": "EVCS32A",
    "evcharger.serial": "HQ2212ABCDEF",
    "evcharger.firmware_version": 0x012FFF,
    "evcharger.energy_total": 1234.56,
    "dcdc.firmware_version": 0x0117FF,
    "inverter.firmware_version": 0x0141,
    "heatpump.state": 3,
    "tank.fluid_type": 1,
    "tank.status": 0,
    "temperature.temperature_type": 3,
    "temperature.status": 0,
    "digitalinput.state": 2,
    "digitalinput.type": 2,
    "pump.state": 1,
    "gps.latitude": 52.2189,
    "gps.longitude": -6.8937,
    "gps.satellites": 9,
    "solarcharger.equalization_time_left": 0,
    "system.dess_available": 1,
}

_TYPICAL: Final[dict[str, float]] = {
    "V": 26.5,
    "A": 12.5,
    "Hz": 50.01,
    "°C": 21.5,
    "%": 55.5,
    "W": 750.0,
    "kWh": 321.5,
    "Ah": -45.5,
    "s": 5400.0,
    "rpm": 1500.0,
}


def sample(field: Field) -> Value:
    """Return a value that differs from register to register, so that a mix-up shows."""
    if field.coding is Coding.TEXT:
        return f"T{field.address}"[: 2 * field.count]
    if field.whole and not field.unit:
        return field.address % 2
    typical = _TYPICAL.get(field.unit, 42.0)
    if field.coding is Coding.UNSIGNED and typical * field.scale < 0:
        # Charge that was consumed has a minus in its scale; what was charged has none.
        typical = -typical
    return typical * (1 + field.address % 89 / 200)
