// The last sessions of a charger, as a table. They are asked for when the page is opened.

import { FULL, heading } from "./cards.js";

/** Ask for what the log of sessions tells of a charger; null where there is no log. */
export async function lastSessions(hass, charger) {
  if (!charger?.find("event", "session")) return null;
  try {
    const { response } = await hass.callWS({
      type: "call_service",
      domain: "voltrail",
      service: "get_sessions",
      target: { device_id: charger.id },
      return_response: true,
    });
    return response[charger.id] ?? null;
  } catch {
    // It is being set up: the rest of the page is right all the same.
    return null;
  }
}

export function sessionCards(told, hass, t) {
  const sessions = told?.latest ?? [];
  if (sessions.length === 0) return [];
  const columns = COLUMNS.filter(({ key }) => sessions.some((one) => one[key] !== undefined));
  const row = (cells) => `| ${cells.join(" | ")} |`;
  const shown = { hass, currency: told.currency };
  const lines = [
    row(columns.map(({ title }) => title(t))),
    row(columns.map(({ key }) => (key === "start" ? "---" : "---:"))),
    ...sessions.map((one) =>
      row(columns.map(({ key, show }) => (one[key] === undefined ? "" : show(one[key], shown)))),
    ),
  ];
  return [
    heading(t("last_sessions"), "mdi:history"),
    { type: "markdown", content: lines.join("\n"), grid_options: FULL },
  ];
}

const COLUMNS = [
  { key: "start", title: (t) => t("session_began"), show: moment },
  { key: "duration", title: (t) => t("session_lasted"), show: hours },
  { key: "energy", title: (t) => t("energy"), show: (value, { hass }) => `${number(hass, value, 1)} kWh` },
  { key: "solar_share", title: (t) => t("sun"), show: (value) => `${value} %` },
  {
    key: "cost",
    title: (t) => t("session_cost"),
    show: (value, { hass, currency }) => `${number(hass, value, 2)} ${currency}`,
  },
];

function moment(iso, { hass }) {
  const { language, time_zone: choice } = hass.locale ?? {};
  return new Date(iso).toLocaleString(language, {
    dateStyle: "short",
    timeStyle: "short",
    // The user chooses whose clock counts: that of the house, or that of the device.
    timeZone: choice === "server" ? hass.config.time_zone : undefined,
  });
}

function hours(minutes) {
  const whole = Math.round(minutes);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function number(hass, value, decimals) {
  return value.toLocaleString(hass.locale?.language, {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
}
