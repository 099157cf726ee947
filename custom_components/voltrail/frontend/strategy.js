// The dashboard that comes with Voltrail: Home Assistant's own cards, laid out by what is installed.
//
// "Add dashboard" offers it. Nothing is fetched from anywhere, and nothing is stored: each page
// load builds the views anew out of the registries, so a device that is added shows up by itself.

import { survey } from "./house.js";
import { lastSessions, sessionCards } from "./sessions.js";
import { loadTexts, offered } from "./texts.js";
import { chargerView, houseView, views } from "./views.js";

const TYPE = "voltrail";

/** What the strategies of dashboard and views have in common. */
class Strategy {
  // A changed state rebuilds nothing; a device that comes, goes or is renamed does.
  static registryDependencies = ["entities", "devices"];

  // There is nothing to set: the pencil offers to take control of the cards themselves.
  static noEditor = true;
}

class DashboardStrategy extends Strategy {
  static async generate(_config, hass) {
    const t = await loadTexts(hass);
    return { views: views(survey(hass), t, TYPE) };
  }

  static getCreateSuggestions() {
    return { title: offered.name, icon: "mdi:ev-station" };
  }
}

class HouseStrategy extends Strategy {
  static async generate(_config, hass) {
    const [t, energy] = await Promise.all([loadTexts(hass), energyPreferences(hass)]);
    return houseView(survey(hass), energy, t);
  }
}

class ChargerStrategy extends Strategy {
  static async generate(config, hass) {
    const { chargers } = survey(hass);
    const charger = chargers.find((one) => one.id === config.device_id);
    const [t, told] = await Promise.all([loadTexts(hass), lastSessions(hass, charger)]);
    return chargerView(charger, sessionCards(told, hass, t), t);
  }
}

/** What the Energy dashboard was given; null in a house where it is not set up. */
async function energyPreferences(hass) {
  try {
    return await hass.callWS({ type: "energy/get_prefs" });
  } catch {
    return null;
  }
}

customElements.define(`ll-strategy-dashboard-${TYPE}`, DashboardStrategy);
customElements.define(`ll-strategy-view-${TYPE}-house`, HouseStrategy);
customElements.define(`ll-strategy-view-${TYPE}-charger`, ChargerStrategy);

window.customStrategies ??= [];
window.customStrategies.push({
  type: TYPE,
  strategyType: "dashboard",
  get name() {
    return offered.name;
  },
  get description() {
    return offered.description;
  },
});
