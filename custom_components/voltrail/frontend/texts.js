// The words of the dashboard, in the user's language. They stand in the translations of the
// integration, under "common", like all its other words.

const DOMAIN = "voltrail";
const OWN = `component.${DOMAIN}.common.`;

/** What "Add dashboard" says. It is read before anybody has asked for the user's language. */
export const offered = { name: "Voltrail", description: "" };

const known = new Map();

/**
 * Return a function that gives the text of a key; the key itself where there is none.
 *
 * Asked for here, once for each language: the frontend's own helper answers a second call with
 * what it has so far, and dashboard and view ask at the same moment.
 */
export function loadTexts(hass) {
  const { language } = hass;
  if (!known.has(language)) {
    const asked = ask(hass);
    known.set(language, asked);
    asked.catch(() => known.delete(language));
  }
  return known.get(language);
}

async function ask(hass) {
  const { resources } = await hass.callWS({
    type: "frontend/get_translations",
    language: hass.language,
    category: "common",
    integration: [DOMAIN],
  });
  return (key) => resources[OWN + key] || key;
}

/** Wait until the page has signed in, then learn what the dialog is to say. */
async function learn(patience = 120) {
  const { hass } = document.querySelector("home-assistant") ?? {};
  if (hass?.connected) {
    const t = await loadTexts(hass);
    offered.name = t("dashboard_name");
    offered.description = t("dashboard_description");
  } else if (patience > 0) {
    setTimeout(() => learn(patience - 1), 500);
  }
}

if (typeof document !== "undefined") learn();
