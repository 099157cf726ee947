// The blueprints, and what the owner of the demo's house answers to their questions.

import fs from 'node:fs';

const FOLDER = new URL('../../blueprints/automation/voltrail/', import.meta.url);

const TOGGLE = 'Paused for the main fuse';

const charger = (...names) => Object.fromEntries(names.map((name) => [name, ['Garage', name]]));

/** By the name of the file: its title, the toggle it needs, and device and entity per question. */
export const BLUEPRINTS = {
  solar_surplus: {
    title: 'Charge a car on solar surplus',
    answers: {
      'Grid power': ['Aidon 6534', 'Power'],
      ...charger('Charging state', 'Charging', 'Power limit', 'Power'),
    },
  },
  time_window: {
    title: 'Charge a car in a time window',
    answers: charger('Charging state', 'Charging', 'Current limit'),
  },
  main_fuse: {
    title: 'Keep the house below its main fuse',
    toggle: TOGGLE,
    answers: {
      'Current L1': ['Aidon 6534', 'Current L1'],
      'Current L2': ['Aidon 6534', 'Current L2'],
      'Current L3': ['Aidon 6534', 'Current L3'],
      ...charger('Charging', 'Current limit'),
      [TOGGLE]: ['', TOGGLE],
    },
  },
  blocked: {
    title: 'Tell when a car is not charging, and why',
    answers: charger('Obstacle'),
  },
};

/** Bring a blueprint into Home Assistant, as its import does, and make the toggle it asks for. */
export async function offer(person, name) {
  const yaml = fs.readFileSync(new URL(`${name}.yaml`, FOLDER), 'utf8');
  const path = `voltrail/${name}`;
  await person.ask({ type: 'blueprint/save', domain: 'automation', path, yaml });
  const { toggle } = BLUEPRINTS[name];
  if (toggle) await person.ask({ type: 'input_boolean/create', name: toggle });
}
