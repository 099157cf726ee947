// What is installed: found in the registries by the words that all families share, never by a brand
// or by a state. What is away at the moment is there all the same.

const PLATFORM = "voltrail";

/** A device, and its entities by platform and word. */
export class Device {
  constructor(hass, id) {
    const entry = hass.devices[id] ?? {};
    this.id = id;
    this.name = fullName(entry, hass.devices[entry.parent_device_id]);
    this.behind = entry.via_device_id ?? null;
    this.control = undefined;
    this.words = new Map();
  }

  add(domain, word, entityId) {
    const key = `${domain}.${word}`;
    if (!this.words.has(key)) this.words.set(key, []);
    this.words.get(key).push(entityId);
  }

  /** The entity of a value such as `power`; undefined if there is none. */
  sensor(word) {
    return this.find("sensor", word);
  }

  find(domain, word) {
    return this.words.get(`${domain}.${word}`)?.[0];
  }

  /** The entities of a value that each phase has, in their order. */
  phases(word) {
    return [...(this.words.get(`sensor.${word}_phase`) ?? [])].sort();
  }
}

/** "Socket 1" says little on a page about the whole house: its station belongs before it. */
function fullName(entry, parent) {
  const name = nameOf(entry);
  const before = parent ? nameOf(parent) : "";
  return name.startsWith(before) ? name : `${before} ${name}`;
}

function nameOf(device) {
  return device.name_by_user || device.name || device.id || "";
}

/** Look through the registries. */
export function survey(hass) {
  const devices = new Map();
  for (const entity of Object.values(hass.entities)) {
    if (entity.platform !== PLATFORM || entity.hidden || !hass.devices[entity.device_id]) continue;
    const id = entity.device_id;
    if (!devices.has(id)) devices.set(id, new Device(hass, id));
    const attributes = hass.states[entity.entity_id]?.attributes ?? {};
    // What its device class names, such as "Power", has no translation key of its own.
    const word = entity.translation_key ?? attributes.device_class;
    if (word) devices.get(id).add(entity.entity_id.split(".")[0], word, entity.entity_id);
  }
  return arrange([...devices.values()]);
}

/** Tell chargers, meter, system and batteries apart by what they say. */
function arrange(devices) {
  const having = (...words) => devices.filter((one) => words.every((word) => one.sensor(word)));
  const named = (list) => [...list].sort((one, other) => one.name.localeCompare(other.name));
  const chargers = named(having("charging_state"));
  // The controller of a charger has its name, and says why it does what it does.
  const controls = named(having("reason"));
  for (const charger of chargers) charger.control = controls.find((one) => one.name === charger.name);
  const others = controls.filter((one) => !chargers.some((charger) => charger.control === one));
  const system = named(having("consumption_power"))[0];
  const meters = named(having("power", "energy_imported")).filter((one) => !chargers.includes(one));
  // The utility's own meter speaks every few seconds; one behind a gateway is read now and then.
  // It counts as soon as it tells the power: its counters may come an hour later.
  const utilities = named(having("power")).filter((one) => !(one.behind || one === system
    || chargers.includes(one) || controls.includes(one) || one.sensor("state_of_charge")));
  const meter = utilities[0] ?? meters.find((one) => !one.behind) ?? meters[0];
  const batteries = named(having("state_of_charge")).filter((one) => one !== system);
  return { chargers, others, system, meter, batteries, counters: counters(devices, { system, meters }) };
}

/** Which counters tell the day of the house, each energy once. */
function counters(devices, { system, meters }) {
  const grid = meters.find((one) => one.behind) ?? meters[0] ?? (system?.sensor("energy_imported") && system);
  const battery = devices.find((one) => one.sensor("energy_discharged"));
  return {
    sun: system?.sensor("pv_energy_produced"),
    house: system?.sensor("energy_consumed"),
    imported: grid?.sensor("energy_imported"),
    exported: grid?.sensor("energy_exported"),
    charged: battery?.sensor("energy_charged") ?? system?.sensor("battery_energy_charged"),
    discharged: battery?.sensor("energy_discharged") ?? system?.sensor("battery_energy_discharged"),
  };
}

/** The power of the house by where it comes from and goes to; what is unknown is left out. */
export function flows({ system, meter, batteries }) {
  const battery = batteries[0];
  return Object.entries({
    sun: system?.sensor("pv_power"),
    grid: meter?.sensor("power") ?? system?.sensor("grid_power") ?? system?.sensor("power"),
    house: system?.sensor("consumption_power"),
    battery: system?.sensor("battery_power") ?? battery?.sensor("power"),
  }).filter(([, entity]) => entity);
}

/** How full the battery is, as the system tells it, else as its first battery does. */
export function stateOfCharge({ system, batteries }) {
  return system?.sensor("state_of_charge") ?? batteries[0]?.sensor("state_of_charge");
}
