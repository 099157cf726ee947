"""What can go wrong with these chargers in particular."""

from ...model.errors import CallerError, DeviceRefusedError, DeviceSilentError, VoltrailError


class HeartbeatRefusedError(DeviceRefusedError):
    """It can be read, and does not take the life sign of an energy manager."""

    key = "heartbeat_refused"
    message = (
        "The charger can be read, but refuses the heartbeat of an energy manager: {reason}. "
        "Set the DIP switches 4 and 5 of bank S1 to ON, then switch the charger off and on."
    )


class HeartbeatUnansweredError(DeviceSilentError):
    """It can be read, and does not answer the life sign of an energy manager."""

    key = "heartbeat_unanswered"
    message = (
        "The charger can be read, but does not answer the heartbeat of an energy manager. Set "
        "the DIP switches 4 and 5 of bank S1 to ON, then switch the charger off and on; a "
        "gateway must let writing pass."
    )


class PhasesFixedError(CallerError):
    """It does not switch phases, and its registers say so."""

    key = "phases_fixed"
    message = (
        "This charger does not change its phases: only 11 kW chargers can, and only while their "
        "solar charging is set to dynamic phases."
    )


class NotIdleError(CallerError):
    """A restart would cut off a car."""

    key = "not_idle"
    message = "The charger can only be restarted while no car is connected."


class PhasesRefusedError(DeviceRefusedError):
    """It does not switch phases, although its registers said that it does."""

    key = "phases_refused"
    message = (
        "The charger refuses to change its phases (code 3). Only 11 kW chargers can do that, "
        "and only while their solar charging is set to dynamic phases."
    )


class RecoveryFailedError(VoltrailError):
    """It stays in its error."""

    key = "recovery_failed"
    message = (
        "The charger is still in its error (code {code}). Older software only leaves it when "
        "the charger is switched off and on."
    )
