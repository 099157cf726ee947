"""What can go wrong, in words that can be shown and translated.

Every error has a ``key`` (the name of its translation) and ``details`` (the
placeholders). ``message`` is the English text; a test keeps it equal to the one
that Home Assistant shows.
"""

from typing import ClassVar


class VoltrailError(Exception):
    """Something went wrong that Voltrail can explain."""

    key: ClassVar[str]
    message: ClassVar[str]

    def __init__(self, **details: object) -> None:
        self.details = {name: str(value) for name, value in details.items()}
        super().__init__(self.message.format(**self.details))


class DeviceSilentError(VoltrailError):
    """The link is there, but no device answered."""

    key = "device_silent"
    message = "The device did not answer in time."


class LinkDownError(VoltrailError):
    """The connection could not be opened, or was lost."""

    key = "link_down"
    message = "The connection is down: {reason}."


class DeviceRefusedError(VoltrailError):
    """The device answered with a refusal."""

    key = "device_refused"
    message = "The device refused the request: {reason}."


class GarbledAnswerError(VoltrailError):
    """An answer came, but it makes no sense."""

    key = "garbled_answer"
    message = "The device answered something that makes no sense: {reason}."


class WrongDeviceError(VoltrailError):
    """Something answered, but not the device that was expected."""

    key = "wrong_device"
    message = "Another device answers here: expected {expected}, found {found}."


class UnknownDeviceError(VoltrailError):
    """Something answered that the chosen family does not know."""

    key = "unknown_device"
    message = "The device that answers is not of the chosen kind: {found}."


class OtherRegistersError(VoltrailError):
    """Something answered that has not even the registers that tell what it is."""

    key = "other_registers"
    message = "The device that answers has other registers than one of the chosen kind."


class SettingNeededError(VoltrailError):
    """The device refused, and one of its own settings is the likely reason."""

    key = "setting_needed"
    message = 'The device refused the request. Check that its own settings allow it: "{setting}".'


class NotAppliedError(VoltrailError):
    """The device took the request, but holds another value afterwards."""

    key = "not_applied"
    message = "The device did not take the value: asked for {asked}, it holds {found}."


class NotAcceptedError(NotAppliedError):
    """The device took the request, holds another value afterwards, and there may be reasons."""

    key = "not_accepted"
    message = (
        "The device did not take the value: asked for {asked}, it holds {found}. "
        "Likely reasons: {reasons}."
    )


class CallerError(VoltrailError):
    """The request itself was impossible; nothing reached the device."""


class OutOfBoundsError(CallerError):
    """A value outside what the device or the installer allows."""

    key = "out_of_bounds"
    message = "{value} is not possible here: the value must be from {minimum} to {maximum}."


class NotANumberError(CallerError):
    """A value that is no finite number."""

    key = "not_a_number"
    message = "{value} is not a number that can be set."


class ReadOnlyError(CallerError):
    """The device is configured so that it can only be read."""

    key = "read_only"
    message = "The device only allows reading. Allow writing in its own settings first."


class NotSupportedError(CallerError):
    """The device cannot do what was asked."""

    key = "not_supported"
    message = "This device cannot do that: {reason}."


class BelowMinimumError(CallerError):
    """A current that no car can be charged with."""

    key = "below_minimum"
    message = "Charging needs at least {minimum} A."


class NoVoltageError(CallerError):
    """Watts cannot be turned into amps."""

    key = "no_voltage"
    message = "A power limit needs a measured voltage, and there is none now."


class ForbiddenRegisterError(CallerError):
    """A register that this device must not be asked for."""

    key = "forbidden_register"
    message = "Register {address} must not be read: this device answers by hanging up."


class NotNowError(CallerError):
    """The device could do what was asked, but not in its present state."""

    key = "not_now"
    message = "This is not possible now: {reason}."


class PhasesSwitchingError(CallerError):
    """The charger is busy changing its phases."""

    key = "phases_switching"
    message = "The charger is changing its phases. Try again in a minute."


class StillDrawingError(CallerError):
    """A car that draws current must not have its phases changed."""

    key = "still_drawing"
    message = "The car did not stop drawing current, so the phases were not changed."


class PhaseMissingError(CallerError):
    """Three phases are not to be had here."""

    key = "phase_missing"
    message = "No voltage has been measured on all three phases, so there is nothing to choose."


class NoBackendError(ImportError):
    """None of the packages that can speak Modbus is installed."""
