"""The offer to go on with the history of another integration, and the way back.

Both are repairs: one shows the pairs with their values beside each other and moves what is
confirmed, the other stays until a person has said that all is right, or has undone it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util.hass_dict import HassKey

from ..const import CONF_FAMILY, DOMAIN
from ..engine.devices import family
from ..schema import vol
from .pairs import Pair, doubted, find
from .takeover import OldEntryStaysError, keep, moves, store, take_over, undo
from .values import Known, apart, last_known

MOVING_IN: Final = "moving_in"
MOVED_IN: Final = "moved_in"
_PAIRS: Final = "pairs"
DIFFERS: Final = "differs"
"""The two counters do not show what one counter can have shown."""


def issue_id(kind: str, entry_id: str) -> str:
    """Return the id of an issue; it does not begin as those of a device's problems do."""
    return f"{kind}_{entry_id}"


@callback
def async_watch(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Look for what another integration left, now and when an entity comes or goes."""
    domains = frozenset(one.domain for one in family(entry.data[CONF_FAMILY]).predecessors)
    watch = hass.data.get(_WATCH)
    if watch is None:
        watch = hass.data[_WATCH] = _Watch(hass)
    entry.async_on_unload(watch.add(entry, domains))
    # Also where nothing of theirs is left: what was done may wait for a word about it.
    entry.async_create_task(
        hass, async_sync(hass, entry), f"{DOMAIN} {MOVING_IN}", eager_start=False
    )


class _Watch:
    """Looks whether anything of another integration is there, once for all entries.

    Entities come by the dozen while entries are set up. If each of a hundred entries looked
    through all of them each time one comes, Home Assistant would stand still for minutes.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._entries: dict[str, tuple[ConfigEntry, frozenset[str]]] = {}
        self._stop: Callable[[], None] | None = None
        self._looking = False

    @callback
    def add(self, entry: ConfigEntry, domains: frozenset[str]) -> Callable[[], None]:
        """Look for an entry from now on; returns how to stop."""
        self._entries[entry.entry_id] = entry, domains
        if self._stop is None:
            # Meters tell their counters an hour after the rest.
            self._stop = self._hass.bus.async_listen(
                er.EVENT_ENTITY_REGISTRY_UPDATED, self._look_soon, event_filter=_comes_or_goes
            )

        @callback
        def remove() -> None:
            del self._entries[entry.entry_id]
            if not self._entries and self._stop is not None:
                self._stop()
                self._stop = None

        return remove

    @callback
    def _look_soon(self, _: Event[er.EventEntityRegistryUpdatedData]) -> None:
        if not self._looking:
            self._looking = True
            self._hass.async_create_task(
                self._look(), f"{DOMAIN} looks for predecessors", eager_start=False
            )

    async def _look(self) -> None:
        self._looking = False
        registry = er.async_get(self._hass)
        platforms = {entity.platform for entity in registry.entities.values()}
        platforms |= {deleted.platform for deleted in registry.deleted_entities.values()}
        for entry, domains in self._entries.values():
            # Where nothing of theirs ever was, nothing is looked through.
            if domains & platforms:
                entry.async_create_task(
                    self._hass,
                    async_sync(self._hass, entry),
                    f"{DOMAIN} {MOVING_IN}",
                    eager_start=False,
                )


_WATCH: HassKey[_Watch] = HassKey(f"{DOMAIN}_{MOVING_IN}")


@callback
def _comes_or_goes(data: er.EventEntityRegistryUpdatedData) -> bool:
    return data["action"] != "update"


async def async_sync(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Show what can be done for an entry, and take back what cannot."""
    pairs = await find(hass, entry)
    done = await moves(hass, entry)
    titles = {pair.platform for pair in pairs}
    for kind, wanted, details in (
        (MOVING_IN, bool(pairs), {"count": str(len(pairs)), "old": ", ".join(sorted(titles))}),
        (MOVED_IN, done is not None and not done["kept"], {}),
    ):
        if wanted:
            ir.async_create_issue(
                hass,
                DOMAIN,
                issue_id(kind, entry.entry_id),
                data={"entry_id": entry.entry_id},
                is_fixable=True,
                severity=ir.IssueSeverity.WARNING,
                translation_key=kind,
                translation_placeholders={"name": entry.title, **details},
            )
        else:
            ir.async_delete_issue(hass, DOMAIN, issue_id(kind, entry.entry_id))


async def async_forget(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Leave nothing behind of an entry that is removed."""
    await store(hass, entry.entry_id).async_remove()
    for kind in (MOVING_IN, MOVED_IN):
        ir.async_delete_issue(hass, DOMAIN, issue_id(kind, entry.entry_id))


class _EntryFlow(RepairsFlow):
    """A flow about one entry."""

    def __init__(self, entry_id: str) -> None:
        self._entry_id = entry_id

    @property
    def _entry(self) -> ConfigEntry | None:
        """The entry, as long as it is loaded; otherwise its entities are not known."""
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        return entry if entry and entry.state is ConfigEntryState.LOADED else None


class MovingInFlow(_EntryFlow):
    """Shows the pairs, asks once more, and moves."""

    _pairs: Mapping[str, Pair]
    _values: Mapping[str, Known]
    _chosen: tuple[Pair, ...] = ()

    async def async_step_init(self, _: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Look what there is."""
        if (entry := self._entry) is None:
            return self.async_abort(reason="not_loaded")
        found = await find(self.hass, entry)
        if not found:
            return self.async_abort(reason="nothing_found")
        ids = {one for pair in found for one in (pair.old.entity_id, pair.our_id)}
        self._values = await last_known(self.hass, ids)
        self._pairs = {f"{pair.old.entity_id} {pair.our_id}": self._judged(pair) for pair in found}
        return await self.async_step_pairs()

    def _judged(self, pair: Pair) -> Pair:
        old, ours = self._values.get(pair.old.entity_id), self._values.get(pair.our_id)
        return doubted(pair, DIFFERS) if apart(old, ours) else pair

    async def async_step_pairs(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask which of ours go on with the history of which old one."""
        errors: dict[str, str] = {}
        if user_input is not None:
            chosen = tuple(self._pairs[key] for key in user_input[_PAIRS])
            if not chosen:
                errors[_PAIRS] = "nothing_chosen"
            elif len({pair.our_id for pair in chosen}) < len(chosen):
                errors[_PAIRS] = "chosen_twice"
            else:
                self._chosen = chosen
                return await self.async_step_confirm()
        texts = await async_get_translations(
            self.hass, self.hass.config.language, "common", {DOMAIN}
        )
        options = [
            SelectOptionDict(value=key, label=self._label(pair, texts))
            for key, pair in self._pairs.items()
        ]
        return self.async_show_form(
            step_id="pairs",
            data_schema=vol.Schema(
                {
                    vol.Required(_PAIRS, default=self._preselected()): SelectSelector(
                        SelectSelectorConfig(
                            options=options, multiple=True, mode=SelectSelectorMode.LIST
                        )
                    )
                }
            ),
            errors=errors,
            description_placeholders={"name": self._title},
        )

    def _preselected(self) -> list[str]:
        """Return the pairs without any doubt, one for each of ours."""
        taken: dict[str, str] = {}
        for key, pair in self._pairs.items():
            if pair.doubt is None:
                taken.setdefault(pair.our_id, key)
        return list(taken.values())

    def _label(self, pair: Pair, texts: Mapping[str, str]) -> str:
        ours = er.async_get(self.hass).async_get(pair.our_id)
        name = (ours.name or ours.original_name) if ours else pair.our_id
        label = (
            f"{pair.old.entity_id} {self._values.get(pair.old.entity_id, '?')}"
            f" → {name} {self._values.get(pair.our_id, '?')}"
        )
        if pair.doubt is None:
            return label
        return f"{label} ({texts[f'component.{DOMAIN}.common.doubt_{pair.doubt}']})"

    @property
    def _title(self) -> str:
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        return entry.title if entry else ""

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Say what will happen, and do it."""
        if user_input is None:
            entries = {pair.old.entry_id for pair in self._chosen if pair.old.entry_id}
            known = [self.hass.config_entries.async_get_entry(one) for one in entries]
            return self.async_show_form(
                step_id="confirm",
                data_schema=vol.Schema({}),
                description_placeholders={
                    "count": str(len(self._chosen)),
                    "name": self._title,
                    "old": ", ".join(sorted(one.title for one in known if one)) or "-",
                },
            )
        if (entry := self._entry) is None:
            return self.async_abort(reason="not_loaded")
        try:
            await take_over(self.hass, entry, self._chosen)
        except OldEntryStaysError:
            return self.async_abort(reason="old_entry_stays")
        await async_sync(self.hass, entry)
        return self.async_create_entry(data={})


class MovedInFlow(_EntryFlow):
    """Asks whether all is right; if not, gives the ids back."""

    async def async_step_init(self, _: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask."""
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        return self.async_show_menu(
            step_id="init",
            menu_options=["keep", "undo"],
            description_placeholders={"name": entry.title if entry else ""},
        )

    async def async_step_keep(self, _: dict[str, Any] | None = None) -> RepairsFlowResult:
        """All is right."""
        if (entry := self._entry) is None:
            return self.async_abort(reason="not_loaded")
        await keep(self.hass, entry)
        return self.async_create_entry(data={})

    async def async_step_undo(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Give the ids back, once it is confirmed."""
        if user_input is None:
            return self.async_show_form(step_id="undo", data_schema=vol.Schema({}))
        if (entry := self._entry) is None:
            return self.async_abort(reason="not_loaded")
        await undo(self.hass, entry)
        return self.async_create_entry(data={})
