// Home Assistant's own cards, as this dashboard uses them. A card whose entity is not there is left out.

export const FULL = { columns: "full" };
export const HALF = { columns: 6 };

/** An entity's own name, without that of its device, which stands in the heading. */
const OWN_NAME = { type: "entity" };

export function heading(text, icon, more = {}) {
  return { type: "heading", heading: text, icon, ...more };
}

export function tile(entity, more = {}) {
  return entity && { type: "tile", entity, name: OWN_NAME, ...more };
}

export function trend(hours = 24) {
  return [{ type: "trend-graph", hours_to_show: hours }];
}

/** What a counter grew by in a day or a month so far. */
export function grown(entity, name, period, more = {}) {
  return entity && {
    type: "statistic",
    entity,
    name,
    stat_type: "change",
    period: { calendar: { period } },
    grid_options: HALF,
    ...more,
  };
}

/** The means of five minutes: they draw a day in one stroke, also a busy one. */
export function course(title, entities, more = {}) {
  return entities.length > 0 && {
    type: "statistics-graph",
    title,
    entities,
    days_to_show: 1,
    period: "5minute",
    stat_types: ["mean"],
    chart_type: "line",
    ...more,
  };
}

/** A section of those cards that are there; nothing if only its heading would be left. */
export function section(cards, span = 1) {
  const present = cards.flat().filter(Boolean);
  if (!present.some((card) => card.type !== "heading")) return null;
  return { type: "grid", column_span: span, cards: present };
}
