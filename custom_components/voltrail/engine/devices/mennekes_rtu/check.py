"""Finding out whether a charger takes orders, before an automation relies on it."""

from ...model.errors import DeviceRefusedError, DeviceSilentError
from ...polling.polled_device import PolledDevice
from .device import MennekesRtu
from .errors import HeartbeatRefusedError, HeartbeatUnansweredError


async def check(device: PolledDevice) -> None:
    """Send a heartbeat: a charger that is no satellite can be read, and that is all.

    Raises an error that says what to set at the charger.
    """
    assert isinstance(device, MennekesRtu), "a charger of this family"
    await device.identify()
    try:
        await _beat(device)
    except DeviceRefusedError as err:
        raise HeartbeatRefusedError(**err.details) from err
    except DeviceSilentError as err:
        raise HeartbeatUnansweredError from err


async def _beat(device: MennekesRtu) -> None:
    try:
        await device.heartbeat.beat()
    except DeviceSilentError:
        # One answer may get lost on any line.
        await device.heartbeat.beat()
