// The words of the dashboard, in the user's language. They stand in the translations of the
// integration, under "common", like all its other words.

const DOMAIN = "voltrail";
const OWN = `component.${DOMAIN}.common.`;

/** What "Add dashboard" says. It is read before anybody has asked for the user's language. */
export const offered = { name: "Voltrail", description: "" };

/** Return a function that gives the text of a key; the key itself where there is none. */
export async function loadTexts(hass) {
  const localize = await hass.loadBackendTranslation("common", DOMAIN);
  return (key) => localize(OWN + key) || key;
}

/** Wait until the page has signed in, then learn what the dialog is to say. */
async function learn(patience = 120) {
  const { hass } = document.querySelector("home-assistant") ?? {};
  if (hass?.loadBackendTranslation) {
    const t = await loadTexts(hass);
    offered.name = t("dashboard_name");
    offered.description = t("dashboard_description");
  } else if (patience > 0) {
    setTimeout(() => learn(patience - 1), 500);
  }
}

if (typeof document !== "undefined") learn();
