"""How a device is reached and met: steps of the config flow, probes and fields of forms."""
