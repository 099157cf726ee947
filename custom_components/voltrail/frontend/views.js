// The views: the house with all its chargers at one glance, and a page for each charger.

import { course, FULL, grown, HALF, heading, section, tile, trend } from "./cards.js";
import { flows, stateOfCharge } from "./house.js";

const HOUSE = "mdi:home-lightning-bolt";
const CHARGER = "mdi:ev-station";

const FLOWS = {
  sun: { icon: "mdi:solar-power-variant", color: "amber" },
  grid: { icon: "mdi:transmission-tower", color: "blue" },
  house: { icon: HOUSE, color: "deep-purple" },
  battery: { icon: "mdi:home-battery", color: "teal" },
};

/** The day's energies in the order in which one tells of a day. */
const DAY = ["sun", "house", "imported", "exported", "charged", "discharged"];

/** All views of the dashboard; each builds itself when it is looked at. */
export function views(house, t, type) {
  return [
    { title: t("house"), path: "house", icon: HOUSE, strategy: { type: `custom:${type}-house` } },
    ...house.chargers.map((charger) => ({
      title: charger.name,
      path: pathOf(charger),
      // Without an icon the tab shows the name, which tells chargers apart.
      strategy: { type: `custom:${type}-charger`, device_id: charger.id },
    })),
  ];
}

function pathOf(charger) {
  return `charger-${charger.id}`;
}

// -- the house -------------------------------------------------------------------

export function houseView(house, energy, t) {
  const sections = [
    section(now(house, energy, t), 2),
    section(today(house, energy, t)),
    ...house.chargers.map((charger) => section(glance(charger, t))),
    ...house.others.map((control) => section([heading(control.name, CHARGER), ...driving(control)])),
    section(day(house, energy, t), 2),
  ].filter(Boolean);
  return sheet(sections.length > 0 ? sections : [section(nothing(t))]);
}

function sheet(sections) {
  return { type: "sections", max_columns: 3, sections };
}

function now(house, energy, t) {
  const found = flows(house);
  const charge = stateOfCharge(house);
  return [
    heading(t("now"), "mdi:transmission-tower", {
      badges: charge ? [{ type: "entity", entity: charge }] : [],
    }),
    ...found.map(([kind, entity]) =>
      tile(entity, { name: t(kind), ...FLOWS[kind], features: trend(), grid_options: HALF }),
    ),
    // This card shows the settings of the Energy dashboard; without power in there it is empty.
    hasPower(energy) && {
      type: "power-sankey",
      title: "",
      group_by_area: false,
      grid_options: { ...FULL, rows: 6 },
    },
  ];
}

function today(house, energy, t) {
  const told = heading(t("today"), "mdi:calendar-today");
  if (energy?.energy_sources?.length) {
    return [told, { type: "energy-distribution", grid_options: FULL }];
  }
  return [told, ...DAY.map((kind) => grown(house.counters[kind], t(`${kind}_today`), "day"))];
}

function day(house, energy, t) {
  const chargers = house.chargers
    .map((charger) => ({ entity: charger.sensor("power"), name: charger.name }))
    .filter(({ entity }) => entity);
  const found = flows(house).map(([kind, entity]) => ({ entity, name: t(kind) }));
  const wide = { grid_options: { columns: 12 } };
  return [
    heading(t("day"), "mdi:chart-line"),
    hasPower(energy)
      ? { type: "power-sources-graph", title: t("house"), ...wide }
      : course(t("house"), found, wide),
    course(t("charging"), chargers, wide),
  ];
}

/** Whether the Energy dashboard knows the power, not only the energy, of anything. */
function hasPower(energy) {
  return Boolean(energy?.energy_sources?.some((source) => source.stat_rate || source.power_config));
}

function nothing(t) {
  return [
    heading(t("house"), HOUSE),
    {
      type: "markdown",
      content: `${t("nothing_yet")}\n\n[${t("add_device")}](/config/integrations/integration/voltrail)`,
      grid_options: FULL,
    },
  ];
}

// -- a charger -------------------------------------------------------------------

/** A charger among the others: what it does, why not, and what one moves most. */
function glance(charger, t) {
  const power = charger.sensor("power");
  return [
    heading(charger.name, CHARGER, {
      badges: power ? [{ type: "entity", entity: power }] : [],
      tap_action: { action: "navigate", navigation_path: pathOf(charger) },
    }),
    ...doing(charger),
    ...driving(charger.control),
    ...moving(charger),
    tile(power, { features: trend(12) }),
    grown(charger.sensor("energy_charged"), t("today"), "day"),
  ];
}

function doing(charger) {
  return [
    tile(charger.sensor("charging_state"), { icon: "mdi:ev-plug-type2" }),
    tile(charger.sensor("session_energy")),
    // A reason is a short sentence: it gets the whole line.
    tile(charger.sensor("blocked_by"), { icon: "mdi:help-circle-outline", grid_options: FULL }),
  ];
}

/** What drives the charger, and why it does what it does: the sentence needs lines of its own. */
function driving(control) {
  const reason = control?.sensor("reason");
  return [
    tile(control?.find("select", "mode"), { features: [{ type: "select-options" }], grid_options: FULL }),
    tile(reason, { icon: "mdi:comment-question-outline", grid_options: FULL }),
    reason && {
      type: "markdown",
      text_only: true,
      content: `{{ state_attr('${reason}', 'explanation') or '' }}`,
      grid_options: FULL,
    },
  ];
}

function moving(charger) {
  return [
    tile(charger.find("switch", "charging"), { features: [{ type: "toggle" }] }),
    tile(charger.find("number", "current_limit"), {
      features: [{ type: "numeric-input", style: "buttons" }],
    }),
  ];
}

/** Everything about one charger that an owner looks at. */
export function chargerView(charger, sessions, t) {
  if (!charger) return sheet([section(nothing(t))]);
  return sheet(
    [
      section(state(charger)),
      section(measured(charger, t)),
      section(energy(charger, t)),
      section(lastDay(charger, t), 2),
      section(days(charger, t)),
      section(sessions, 2),
    ].filter(Boolean),
  );
}

function state(charger) {
  return [
    heading(charger.name, CHARGER),
    ...doing(charger),
    ...driving(charger.control),
    ...moving(charger),
    tile(charger.find("select", "phases"), { features: [{ type: "select-options" }], grid_options: FULL }),
    tile(charger.find("number", "power_limit")),
    tile(charger.find("switch", "station_locked")),
  ];
}

function measured(charger, t) {
  return [
    heading(t("now"), "mdi:flash"),
    tile(charger.sensor("power"), { features: trend(12), grid_options: FULL }),
    tile(charger.sensor("current_offered")),
    tile(charger.sensor("phases_in_use")),
    ...charger.phases("current").map((entity) => tile(entity, { grid_options: { columns: 4 }, vertical: true })),
  ];
}

function energy(charger, t) {
  const counter = charger.sensor("energy_charged");
  return [
    heading(t("energy"), "mdi:lightning-bolt"),
    tile(charger.sensor("session_duration")),
    tile(counter),
    grown(counter, t("today"), "day"),
    grown(counter, t("this_month"), "month"),
  ];
}

function lastDay(charger, t) {
  const shown = [
    ...["charging_state", "blocked_by"].map((word) => charger.sensor(word)),
    charger.control?.sensor("reason"),
    charger.sensor("power"),
  ].filter(Boolean);
  return [
    heading(t("day"), "mdi:chart-line"),
    shown.length > 0 && {
      type: "history-graph",
      hours_to_show: 24,
      entities: shown.map((entity) => ({ entity, name: { type: "entity" } })),
      grid_options: FULL,
    },
  ];
}

function days(charger, t) {
  const counter = charger.sensor("energy_charged");
  return [
    heading(t("each_day"), "mdi:chart-bar"),
    counter && {
      type: "statistics-graph",
      entities: [{ entity: counter, name: t("energy") }],
      days_to_show: 30,
      period: "day",
      stat_types: ["change"],
      chart_type: "bar",
      hide_legend: true,
      grid_options: FULL,
    },
  ];
}
