"""Start what HACS would unpack: in a Home Assistant of its own, without the rest of the project.

    python scripts/lib/unpacked.py dist/voltrail.zip

Needs an environment with Home Assistant. Prints one line and exits with 1 if anything is wrong.
Nothing listens, and nothing is installed.
"""

import asyncio
import logging
import os
import sys
import tempfile
import zipfile
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, override

from homeassistant import bootstrap, loader
from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntries,
    ConfigEntry,
    ConfigEntryState,
)
from homeassistant.const import __version__
from homeassistant.core import HomeAssistant
from homeassistant.core_config import async_process_ha_core_config
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component

DOMAIN: Final = "voltrail"
_SPARE_TIME: Final = 60.0


class WrongError(Exception):
    """What was unpacked does not work."""


class Complaints(logging.Handler):
    """Keeps what is said about the integration as a warning, or worse."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        line = record.getMessage()
        # Said of every integration that is not part of Home Assistant.
        if DOMAIN in f"{record.name} {line}" and "has not been tested" not in line:
            self.lines.append(f"{record.name}: {line}")


def check(condition: object, what: str) -> None:
    """Complain unless something is so."""
    if not condition:
        raise WrongError(what)


def unpack(archive: Path, folder: Path) -> None:
    """Do what HACS does with the file of a release."""
    target = folder / "custom_components" / DOMAIN
    with zipfile.ZipFile(archive) as packed:
        check("manifest.json" in packed.namelist(), "the manifest is not at the top")
        packed.extractall(target)


async def created(folder: Path) -> HomeAssistant:
    """Start a Home Assistant as far as any integration needs it."""
    hass = HomeAssistant(str(folder))
    loader.async_setup(hass)
    hass.config.skip_pip = True
    hass.config_entries = ConfigEntries(hass, {})
    check(await bootstrap.async_load_base_functionality(hass), "Home Assistant does not start")
    check(await async_setup_component(hass, "homeassistant", {}), "Home Assistant does not start")
    await async_process_ha_core_config(hass, {})
    return hass


async def shows_its_forms(hass: HomeAssistant) -> None:
    """Go through the menu to the form of every kind of device."""
    flows = hass.config_entries.flow
    menu: Any = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    check(menu["type"] is FlowResultType.MENU, "there is no menu of devices")
    flows.async_abort(menu["flow_id"])
    for option in menu["menu_options"]:
        start: Any = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
        step: Any = await flows.async_configure(start["flow_id"], {"next_step_id": option})
        # What cannot be added yet says why.
        if step["type"] is not FlowResultType.ABORT:
            known = {FlowResultType.MENU, FlowResultType.FORM}
            check(step["type"] in known, f"there is no form of {option}")
            flows.async_abort(start["flow_id"])


async def sets_up_an_entry(hass: HomeAssistant) -> None:
    """Load an entry, with all its platforms, and unload it."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    data = {
        "family": "ams_han",
        "transport": "network",
        "host": "127.0.0.1",
        "port": server.sockets[0].getsockname()[1],
        "fingerprint": "",
    }
    entry: ConfigEntry[Any] = ConfigEntry(
        data=data,
        discovery_keys=MappingProxyType({}),
        domain=DOMAIN,
        minor_version=2,
        options={},
        source=SOURCE_USER,
        subentries_data=(),
        title="Meter",
        unique_id=None,
        version=1,
    )
    await hass.config_entries.async_add(entry)
    state = entry.state
    await hass.config_entries.async_unload(entry.entry_id)
    server.close()
    check(state is ConfigEntryState.LOADED, f"an entry is {state}: {entry.reason}")
    check(entry.state is ConfigEntryState.NOT_LOADED, "an entry cannot be unloaded")


async def try_out(folder: Path) -> str:
    """Start, go through the forms, set up an entry; return what was started."""
    complaints = Complaints()
    logging.getLogger().addHandler(complaints)
    hass = await created(folder)
    try:
        integration = await loader.async_get_integration(hass, DOMAIN)
        check(integration.file_path.is_relative_to(folder), "something else was started")
        check(await async_setup_component(hass, DOMAIN, {}), "it cannot be set up")
        await shows_its_forms(hass)
        await sets_up_an_entry(hass)
        await hass.async_block_till_done()
    finally:
        await hass.async_stop(force=True)
    check(not complaints.lines, "; ".join(complaints.lines))
    return f"version {integration.version} starts in Home Assistant {__version__}"


def main(archive: Path) -> int:
    """Unpack an archive and try it out."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch).resolve()
        try:
            unpack(archive.resolve(), folder)
            # The rest of the project must not help.
            os.chdir(folder)
            sys.path[:] = [path for path in sys.path if Path(path) != Path(__file__).parent]
            said = asyncio.run(asyncio.wait_for(try_out(folder), _SPARE_TIME))
        except WrongError as err:
            print(f"voltrail: {archive.name}: {err}", file=sys.stderr)
            return 1
        except TimeoutError:
            print(f"voltrail: {archive.name}: it takes too long", file=sys.stderr)
            return 1
    print(f"voltrail: {archive.name}: {said}")
    return 0


if __name__ == "__main__":
    # What is wrong is told in one line; the reason, if there is one, before it.
    logging.basicConfig(level=logging.ERROR)
    sys.exit(main(Path(sys.argv[1])))
