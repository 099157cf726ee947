"""How a device is read: polled or pushed, by a schedule, and kept alive."""
