// The dashboard strategy without a browser: which houses lead to which views.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

const folder = new URL('../../custom_components/voltrail/frontend/', import.meta.url);
const { flows, stateOfCharge, survey } = await import(new URL('house.js', folder));
const { lastSessions, sessionCards } = await import(new URL('sessions.js', folder));
const { chargerView, houseView, views } = await import(new URL('views.js', folder));

const t = (key) => `<${key}>`;

const CHARGER = {
  'sensor.charging_state': {}, 'sensor.blocked_by': {}, 'sensor.energy_charged': {},
  'sensor.session_energy': {}, 'sensor.power': { device_class: 'power' },
  'sensor.l1': { word: 'current_phase' }, 'number.current_limit': {}, 'switch.charging': {},
};
const CONTROL = { 'sensor.reason': {}, 'select.mode': {}, 'sensor.solar_share': {} };
const METER = {
  'sensor.power': { device_class: 'power' },
  'sensor.energy_imported': {}, 'sensor.energy_exported': {},
};
const SYSTEM = {
  'sensor.power': { device_class: 'power' }, 'sensor.pv_power': {}, 'sensor.consumption_power': {},
  'sensor.battery_power': {}, 'sensor.state_of_charge': {}, 'sensor.pv_energy_produced': {},
};
const BATTERY = {
  'sensor.power': { device_class: 'power' }, 'sensor.state_of_charge': {},
  'sensor.energy_charged': {}, 'sensor.energy_discharged': {},
};
const ENERGY = { energy_sources: [{ type: 'grid', stat_rate: 'sensor.meter_power' }] };

/** A Home Assistant with these devices: what their entities are called, and their words. */
function home(devices) {
  const hass = { entities: {}, devices: {}, states: {} };
  for (const [id, { words, platform = 'voltrail', ...device }] of Object.entries(devices)) {
    hass.devices[id] = { id, name: id, ...device };
    for (const [place, { word, device_class, hidden }] of Object.entries(words)) {
      const [domain, name] = place.split('.');
      const entity_id = `${domain}.${id}_${name}`;
      const translation_key = device_class ? undefined : (word ?? name);
      hass.entities[entity_id] = { entity_id, platform, device_id: id, translation_key, hidden };
      hass.states[entity_id] = { attributes: { device_class } };
    }
  }
  return hass;
}

/** All entities that the cards of a view show. */
function shown(view) {
  const found = [];
  JSON.stringify(view, (key, value) => {
    if (key === 'entity' && typeof value === 'string') found.push(value);
    return value;
  });
  return found;
}

const types = (view) => view.sections.flatMap((one) => one.cards.map((card) => card.type));

describe('The dashboard strategy', () => {
  it('shows the mode of a charger under control, and why', () => {
    const house = survey(
      home({
        garage: { words: CHARGER },
        control: { words: CONTROL, name: 'garage' },
        wallbox: { words: CONTROL },
      }),
    );
    const [charger] = house.chargers;
    assert.equal(charger.control.id, 'control');
    const view = houseView(house, null, t);
    for (const one of ['select.control_mode', 'sensor.control_reason', 'select.wallbox_mode']) {
      assert(shown(view).includes(one), one);
    }
    const page = chargerView(charger, [], t);
    assert(shown(page).includes('select.control_mode'));
    assert(types(page).includes('markdown'));
    assert(JSON.stringify(page).includes("state_attr('sensor.control_reason', 'explanation')"));
    const [free] = survey(home({ garage: { words: CHARGER } })).chargers;
    assert(!types(chargerView(free, [], t)).includes('markdown'));
  });

  it('is right in a house with everything', () => {
    const house = survey(
      home({
        garage: { words: CHARGER },
        meter: { words: METER },
        gx: { words: SYSTEM },
        battery: { words: BATTERY, via_device_id: 'gx' },
      }),
    );
    assert.deepEqual(house.chargers.map((one) => one.name), ['garage']);
    assert.deepEqual(Object.fromEntries(flows(house)), {
      sun: 'sensor.gx_pv_power',
      grid: 'sensor.meter_power',
      house: 'sensor.gx_consumption_power',
      battery: 'sensor.gx_battery_power',
    });
    assert.equal(stateOfCharge(house), 'sensor.gx_state_of_charge');
    assert.deepEqual(views(house, t, 'voltrail').map((view) => view.path), ['house', 'charger-garage']);
    const view = houseView(house, ENERGY, t);
    assert.ok(types(view).includes('power-sankey'));
    assert.ok(types(view).includes('energy-distribution'));
    assert.equal(shown(view).filter((one) => one === 'sensor.garage_blocked_by').length, 1);
  });

  it('leaves out the cards of the Energy dashboard where that is not set up', () => {
    const house = survey(home({ meter: { words: METER }, gx: { words: SYSTEM } }));
    for (const energy of [null, {}, { energy_sources: [] }]) {
      const view = houseView(house, energy, t);
      assert.ok(!types(view).some((type) => /^(energy|power)-/.test(type)));
      assert.ok(shown(view).includes('sensor.meter_energy_imported'));
      assert.ok(types(view).includes('statistics-graph'));
    }
    // Energy without power: what flows now would be an empty frame.
    const energy = { energy_sources: [{ type: 'grid', stat_energy_from: 'sensor.x' }] };
    const view = houseView(house, energy, t);
    assert.ok(types(view).includes('energy-distribution'));
    assert.ok(!types(view).includes('power-sankey'));
  });

  it('is right with a charger alone, and with a meter alone', () => {
    const alone = houseView(survey(home({ garage: { words: CHARGER } })), null, t);
    assert.deepEqual(alone.sections.map((one) => one.cards[0].heading), ['garage', '<day>']);
    const meter = houseView(survey(home({ meter: { words: METER } })), null, t);
    assert.deepEqual(meter.sections.map((one) => one.cards[0].heading), ['<now>', '<today>', '<day>']);
    assert.ok(!types(meter).includes('switch'));
  });

  it('says what to do where there is nothing', () => {
    for (const devices of [{}, { lamp: { words: { 'light.lamp': {} }, platform: 'hue' } }]) {
      const house = survey(home(devices));
      assert.deepEqual(views(house, t, 'voltrail').map((view) => view.path), ['house']);
      assert.deepEqual(types(houseView(house, null, t)), ['heading', 'markdown']);
    }
    // A charger that was removed while its page was open.
    assert.deepEqual(types(chargerView(undefined, [], t)), ['heading', 'markdown']);
  });

  it('names the sockets of a station after the station', () => {
    const house = survey(
      home({
        Driveway: { words: {} },
        one: { words: CHARGER, name: 'Socket 1', parent_device_id: 'Driveway' },
        two: { words: CHARGER, name: 'Driveway socket 2', parent_device_id: 'Driveway' },
      }),
    );
    assert.deepEqual(
      house.chargers.map((one) => one.name),
      ['Driveway Socket 1', 'Driveway socket 2'],
    );
  });

  it('takes the name that a person gave, and no hidden entity', () => {
    const words = { ...CHARGER, 'number.current_limit': { hidden: true } };
    const house = survey(home({ garage: { words, name_by_user: 'Mine' } }));
    assert.equal(house.chargers[0].name, 'Mine');
    assert.ok(!shown(houseView(house, null, t)).some((one) => one.includes('current_limit')));
  });

  it('knows a meter whose counters come an hour later', () => {
    const early = { 'sensor.power': { device_class: 'power' }, 'sensor.l1': { word: 'current_phase' } };
    const house = survey(home({
      meter: { words: early }, gx: { words: SYSTEM }, garage: { words: CHARGER },
      grid: { words: METER, via_device_id: 'gx' },
    }));
    assert.equal(house.meter.name, 'meter');
  });

  it('counts the grid where a meter behind a gateway counts it all the time', () => {
    const house = survey(
      home({
        meter: { words: METER },
        gx: { words: SYSTEM },
        grid: { words: METER, via_device_id: 'gx' },
      }),
    );
    assert.equal(house.counters.imported, 'sensor.grid_energy_imported');
  });

  it('lists the last sessions, with the columns that anything is known of', async () => {
    const house = survey(home({ garage: { words: { ...CHARGER, 'event.session': {} } } }));
    const [charger] = house.chargers;
    const asked = [];
    const latest = [
      { start: '2026-11-30T16:05:00+00:00', duration: 92.4, energy: 10.123, solar_share: 85 },
      { start: '2026-11-29T16:05:00+00:00', duration: 5, energy: 0.5 },
    ];
    const hass = {
      locale: { language: 'en-GB', time_zone: 'server' },
      config: { time_zone: 'Europe/Oslo' },
      callWS: async (message) => {
        asked.push(message);
        return { response: { garage: { latest, currency: 'NOK' } } };
      },
    };
    const told = await lastSessions(hass, charger);
    assert.deepEqual(asked[0].target, { device_id: 'garage' });
    const [, card] = sessionCards(told, hass, t);
    assert.deepEqual(card.content.split('\n'), [
      '| <session_began> | <session_lasted> | <energy> | <sun> |',
      '| --- | ---: | ---: | ---: |',
      '| 30/11/2026, 17:05 | 1:32 | 10.1 kWh | 85 % |',
      '| 29/11/2026, 17:05 | 0:05 | 0.5 kWh |  |',
    ]);
    assert.ok(types(chargerView(charger, sessionCards(told, hass, t), t)).includes('markdown'));
  });

  it('has no list of sessions where there is no log of them', async () => {
    const [charger] = survey(home({ garage: { words: CHARGER } })).chargers;
    assert.equal(await lastSessions({}, charger), null);
    assert.equal(await lastSessions({}, undefined), null);
    const [logged] = survey(home({ garage: { words: { ...CHARGER, 'event.session': {} } } })).chargers;
    const refusing = { callWS: async () => Promise.reject(new Error('not loaded')) };
    assert.equal(await lastSessions(refusing, logged), null);
    assert.deepEqual(sessionCards(null, {}, t), []);
    assert.deepEqual(sessionCards({ latest: [] }, {}, t), []);
  });

  it('shows every phase of a charger, and nothing that it has not', () => {
    const house = survey(home({ garage: { words: CHARGER } }));
    const view = chargerView(house.chargers[0], [], t);
    assert.ok(shown(view).includes('sensor.garage_l1'));
    assert.ok(!shown(view).some((one) => /phases|undefined/.test(one)));
    assert.ok(types(view).includes('history-graph'));
  });
});
