"""What the GX tells about itself in its UPnP device description, which SSDP points to."""

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from simulators.victron_gx.gx import VictronGx

_VICTRON = "urn:schemas-victronenergy-com:venusinfo-1"


def description(
    gx: VictronGx,
    *,
    product_id: str = "C00A",
    mqtt: bool = False,
    token_pairing: bool = True,
) -> str:
    """Return the description as XML. Nothing in it says whether Modbus is switched on."""
    name = str(gx.services["settings_0"]["system_name"] or gx.model)
    plain = {
        "deviceType": "urn:schemas-upnp-org:device:Basic:1",
        "friendlyName": f"{name} ({gx.portal_id})",
        "manufacturer": "Victron Energy",
        "manufacturerURL": "https://www.victronenergy.com",
        "modelName": name,
        "modelNumber": product_id,
        "serialNumber": gx.serial,
        "presentationURL": "/",
        "UDN": f"uuid:com.victronenergy.ccgx.{gx.portal_id}",
    }
    own = {
        "X_VenusVersion": f"v{gx.firmware}",
        "X_VrmPortalId": gx.portal_id,
        "X_MqttOnLan": str(int(mqtt)),
        "X_MqttWssOnLan": str(int(mqtt)),
        "X_MqttTokenPairing": str(int(token_pairing)),
    }
    lines = [f"<{key}>{escape(value)}</{key}>" for key, value in plain.items()]
    lines += [
        f'<ve:{key} xmlns:ve="{_VICTRON}">{escape(value)}</ve:{key}>' for key, value in own.items()
    ]
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<root xmlns="urn:schemas-upnp-org:device-1-0">'
        "<specVersion><major>1</major><minor>0</minor></specVersion>"
        f"<device>{''.join(lines)}</device></root>"
    )
