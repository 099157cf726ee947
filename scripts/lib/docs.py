"""Writes the parts of the pages that are made of the code, and tells when they are old.

A page marks such a part with two comments. A picture that has not been taken yet leaves its
part empty.

    <!-- generated: entities alfen -->
    ...
    <!-- end -->
"""

import argparse
import asyncio
import json
import re
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import yaml

from custom_components.voltrail.engine.devices import FAMILIES
from custom_components.voltrail.engine.devices.family import Family, Transport
from scripts.lib.entity_tables import Tables, UnservedError, humanised, problem_keys, tables
from scripts.lib.specimens import load

ROOT: Final = Path(__file__).parents[2]
INTEGRATION: Final = ROOT / "custom_components" / "voltrail"
REGION: Final = re.compile(
    r"(?P<begin><!-- generated: (?P<what>[a-z]+)(?: (?P<key>[\w-]+))? -->\n)"
    r".*?(?P<end><!-- end -->)",
    re.DOTALL,
)


class Writer:
    """Makes the generated parts; each family is met once."""

    def __init__(self) -> None:
        self.words: dict[str, Any] = _load("translations/en.json")
        self._tables: dict[str, Tables] = {}

    async def meet(self, keys: set[str]) -> None:
        """Meet the families whose entities are wanted."""
        for key in sorted(keys):
            try:
                self._tables[key] = await tables(key, self.words)
            except UnservedError:
                if any(family.key == key for family in FAMILIES):
                    raise
                # A family that is not offered yet may be half-way written.

    def lines(self, what: str, key: str | None) -> Iterator[str] | None:
        """Return the lines of a part; None if it cannot be made yet."""
        if what in _BY_PURPOSE:
            return self._by_purpose(what)
        assert key is not None, f"{what} of which family?"
        if what == "predecessor":
            return self._predecessor(key)
        if what in ("entities", "states"):
            if (found := self._tables.get(key)) is None:
                return None
            return found.entities() if what == "entities" else found.states()
        family = load(key)
        return {"form": self._form, "options": self._options, "repairs": self._repairs}[what](
            family
        )

    # -- the config flow -------------------------------------------------------------

    def _form(self, family: Family) -> Iterator[str]:
        alone = len(family.transports) == 1
        for transport in family.transports:
            step = family.key if alone else str(transport)
            texts = self.words["config"]["step"].get(step, {})
            if not alone:
                menu = self.words["config"]["step"].get(family.key, {}).get("menu_options", {})
                yield from (f"**{menu.get(step, humanised(step))}**", "")
            yield "| Field | Filled in with | Meaning |"
            yield "| --- | --- | --- |"
            for field, label in _in_order(texts.get("data", {}), _asked(family)):
                default = _default(family, transport, field)
                yield f"| {label} | {default} | {texts['data_description'][field]} |"
            yield ""

    def _options(self, family: Family) -> Iterator[str]:
        texts = self.words["options"]["step"]["init"]
        yield "| Option | Default | Possible | Meaning |"
        yield "| --- | --- | --- | --- |"
        for field, default, possible in self._option_rows(family):
            label = texts["data"].get(field, humanised(field))
            yield (
                f"| {label} | {default} | {possible} | {texts['data_description'].get(field, '')} |"
            )

    def _option_rows(self, family: Family) -> Iterator[tuple[str, str, str]]:
        if not family.pushed:
            shortest = family.shortest_interval
            yield "scan_interval", f"{family.scan_interval:g} s", f"{shortest:g} to 300 s"
        if family.is_charger:
            yield "max_current", "empty", f"6 to {family.installer_maximum:g} A"
        for field in family.option_fields:
            if field.secret:
                continue
            default, unit = field.default, "" if field.unit is None else f" {field.unit}"
            names = self.words.get("selector", {}).get(field.key, {}).get("options", {})
            if isinstance(default, bool):
                yield field.key, "on" if default else "off", "on, off"
            elif field.choices:
                choices = [names.get(choice, humanised(choice)) for choice in field.choices]
                yield field.key, choices[field.choices.index(str(default))], ", ".join(choices)
            elif field.minimum is not None and field.maximum is not None:
                shown = f"{default:g}{unit}" if isinstance(default, int | float) else "empty"
                yield field.key, shown, f"{field.minimum:g} to {field.maximum:g}{unit}"
            else:
                yield field.key, "empty", "text"
        yield "every_change", "off", "on, off"

    def _repairs(self, family: Family) -> Iterator[str]:
        yield "| Repair | What it says |"
        yield "| --- | --- |"
        for key in sorted(problem_keys(family.key)):
            issue = self.words["issues"].get(key, {"title": humanised(key), "description": ""})
            yield f"| {_filled(issue['title'])} | {_filled(issue['description'])} |"

    # -- other integrations ----------------------------------------------------------

    def _predecessor(self, name: str) -> Iterator[str]:
        """Yield what another integration calls our values."""
        predecessor = next(
            one for family in FAMILIES for one in family.predecessors if one.table.stem == name
        )
        rows = predecessor.counterparts()
        yield f"<details><summary>{predecessor.title}: {len(rows)} values</summary>"
        yield ""
        yield "| There | Voltrail | To be looked at |"
        yield "| --- | --- | --- |"
        for row in rows:
            doubt = self.words["common"][f"doubt_{row.doubt}"] if row.doubt else ""
            yield f"| `{row.key}` | `{row.path.replace('{unit}', 'N')}` | {doubt} |"
        yield ""
        yield "</details>"

    # -- actions ---------------------------------------------------------------------

    def _by_purpose(self, what: str) -> Iterator[str]:
        """Actions, triggers or conditions, with what they do and their fields."""
        file, words, heading = _BY_PURPOSE[what]
        described = yaml.safe_load((INTEGRATION / file).read_text(encoding="utf-8"))
        yield f"| {heading} | Does | Fields |"
        yield "| --- | --- | --- |"
        for name, known in described.items():
            if name.startswith("."):
                continue
            texts = self.words[words][name]
            fields = [
                f"`{field}`{'' if traits.get('required') else ' (optional)'}: "
                f"{texts['fields'][field]['description']}"
                for field, traits in (known.get("fields") or {}).items()
            ]
            does = (
                f"{texts['name']}: {texts['description']}"
                if words != "services"
                else (texts["description"])
            )
            yield f"| `voltrail.{name}` | {does} | {'<br>'.join(fields)} |"


def _load(name: str) -> Any:
    return json.loads((INTEGRATION / name).read_text(encoding="utf-8"))


_BY_PURPOSE: Final = {
    "actions": ("services.yaml", "services", "Action"),
    "triggers": ("triggers.yaml", "triggers", "Trigger"),
    "conditions": ("conditions.yaml", "conditions", "Condition"),
}
"""What automations are made of: its file, its texts and its heading."""

_PLACE: Final = ("host", "port", "device", "unit_id", "topics")
_LINE: Final = ("baudrate", "bytesize", "parity", "stopbits")


def _asked(family: Family) -> tuple[str, ...]:
    """Return the fields of the forms of a family, in their order."""
    own = tuple(option.key for option in family.option_fields)
    if family.pushed:
        return (*(field for field in _PLACE if field != "unit_id"), *_LINE, "handshake", *own)
    read_only = ("read_only",) if "read_only" in problem_keys(family.key) else ()
    return (*_PLACE, *_LINE, *own, *read_only)


def _in_order(fields: dict[str, str], asked: tuple[str, ...]) -> list[tuple[str, str]]:
    # Families share the texts of a form, and not all of its fields.
    return [(field, fields[field]) for field in asked if field in fields]


def _default(family: Family, transport: Transport, field: str) -> str:
    if field == "read_only":
        return "appears if the device only allows reading"
    if family.pushed and field in _LINE:
        return "automatic"
    if field == "handshake":
        return "none"
    known: dict[str, object] = {"port": family.port, "unit_id": family.unit_id}
    if transport is Transport.RTU_OVER_TCP:
        # Each make of gateway has a port of its own for this.
        del known["port"]
    if transport is Transport.SERIAL and family.line is not None:
        line = family.line
        known |= {
            "baudrate": line.baudrate,
            "bytesize": line.bytesize,
            "parity": line.parity,
            "stopbits": line.stopbits,
        }
    return f"{known.get(field, '')}"


def _filled(text: str) -> str:
    return re.sub(r"{(\w+)}", r"*\1*", text)


# -- pictures ------------------------------------------------------------------------


def _picture(page: Path, name: str) -> Iterator[str]:
    """Yield a picture, if it has been taken; one that is missing leaves nothing."""
    picture = ROOT / "docs" / "images" / f"{name}.png"
    if picture.is_file():
        shown = name.replace("-", " ").replace("_", " ")
        yield f"![{humanised(shown)}]({picture.relative_to(page.parent, walk_up=True)})"


# -- the pages -------------------------------------------------------------------------


async def outdated(pages: dict[Path, str]) -> dict[Path, str]:
    """Return the pages that are not as the code would have them, as they should be."""
    writer = Writer()
    regions = [region for text in pages.values() for region in REGION.finditer(text)]
    await writer.meet(
        {region["key"] for region in regions if region["what"] in {"entities", "states"}}
    )

    def fill(path: Path, region: re.Match[str]) -> str:
        lines = (
            _picture(path, region["key"])
            if region["what"] == "picture"
            else writer.lines(region["what"], region["key"])
        )
        if lines is None:
            return region[0]
        body = "\n".join(lines).strip("\n")
        if not body:
            return f"{region['begin']}{region['end']}"
        return f"{region['begin']}\n{body}\n\n{region['end']}"

    fresh = {path: REGION.sub(partial(fill, path), text) for path, text in pages.items()}
    return {path: text for path, text in fresh.items() if text != pages[path]}


def all_pages() -> dict[Path, str]:
    """Read every page that may have generated parts."""
    paths = (*sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("README*.md")))
    return {path: path.read_text(encoding="utf-8") for path in paths}


def main() -> int:
    """Write the pages anew, or only look whether that is needed."""
    parser = argparse.ArgumentParser(
        prog="scripts/docs", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument(
        "--check", action="store_true", help="change nothing; fail if a page is old"
    )
    arguments = parser.parse_args()
    old = asyncio.run(outdated(all_pages()))
    for path, text in old.items():
        name = path.relative_to(ROOT)
        if arguments.check:
            print(f"{name} is old: run scripts/docs")
        else:
            path.write_text(text, encoding="utf-8")
            print(f"{name} written")
    return 1 if arguments.check and old else 0


if __name__ == "__main__":
    sys.exit(main())
