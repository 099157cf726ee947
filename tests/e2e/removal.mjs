import assert from 'node:assert/strict';
import fs from 'node:fs';

import { story } from './story.mjs';
import { eventually, world } from './world.mjs';

const DOMAIN = 'voltrail';
const look = (person) => person.ask({ type: 'inspection/look', domain: DOMAIN });

story('Removal', (step) => {
  let entities = [];

  step('sees what is there before', async (person) => {
    const registered = await person.ask({ type: 'config/entity_registry/list' });
    entities = registered.filter((one) => one.platform === DOMAIN).map((one) => one.entity_id);
    assert.ok(entities.length > 0);
    assert.ok(connections().length > 0);
    const { objects, timers } = await look(person);
    assert.ok(objects.length > 0);
    assert.ok(timers.length > 0);
  });

  step('removes every entry', async (person) => {
    const entries = await person.ask({ type: 'config_entries/get', domain: DOMAIN });
    for (const { title } of entries) await person.remove(title);
    assert.deepEqual(await person.ask({ type: 'config_entries/get', domain: DOMAIN }), []);
  });

  step('leaves no entity and no device', async (person) => {
    const registered = await person.ask({ type: 'config/entity_registry/list' });
    assert.deepEqual(registered.filter((one) => one.platform === DOMAIN), []);
    const devices = await person.ask({ type: 'config/device_registry/list' });
    const ours = devices.filter((one) => one.identifiers.some(([domain]) => domain === DOMAIN));
    assert.deepEqual(ours, []);
    const states = new Set((await person.ask({ type: 'get_states' })).map((one) => one.entity_id));
    assert.deepEqual(entities.filter((id) => states.has(id)), []);
    const { issues } = await person.ask({ type: 'repairs/list_issues' });
    assert.deepEqual(issues.filter((one) => one.domain === DOMAIN), []);
  });

  step('leaves no task, timer, listener or device object', async (person) => {
    await eventually(async () => {
      const nothing = { tasks: [], timers: [], listeners: [], objects: [] };
      assert.deepEqual(await look(person), nothing);
    });
  });

  step('leaves no socket and no port open', async () => {
    await eventually(() => assert.deepEqual([...connections(), ...ports()], []));
  });

  step('leaves no file', async () => {
    // Home Assistant gathers what it writes for ten seconds and more.
    await eventually(() => assert.deepEqual(files(), []), 40);
  });
});

/** Connections of Home Assistant to the devices, in any state but that of one that is over. */
function connections() {
  const { pid, devices } = world;
  const hosts = new Set(Object.values(devices).map((one) => one.host));
  const inodes = new Set(handles(pid).map((name) => /^socket:\[(\d+)\]$/.exec(name)?.[1]));
  return fs.readFileSync(`/proc/${pid}/net/tcp`, 'utf8').trim().split('\n').slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((row) => inodes.has(row[9]))
    .map((row) => row[2].match(/../g).slice(0, 4).reverse().map((part) => parseInt(part, 16)).join('.'))
    .filter((host) => host !== '127.0.0.1' && hosts.has(host));
}

/** Serial ports that Home Assistant holds. */
function ports() {
  return handles(world.pid).filter((name) => /^\/dev\/(pts|tty)/.test(name));
}

function handles(pid) {
  return fs.readdirSync(`/proc/${pid}/fd`).flatMap((number) => {
    try {
      return [fs.readlinkSync(`/proc/${pid}/fd/${number}`)];
    } catch {
      return []; // it was closed in the meantime
    }
  });
}

/** Files that are ours, or that still name an entry. What Home Assistant keeps of deleted things is its own. */
function files() {
  const storage = `${world.config}/.storage`;
  return fs.readdirSync(storage).filter((name) => {
    if (name.startsWith(DOMAIN)) return true;
    if (!['core.config_entries', 'core.restore_state'].includes(name)) return false;
    return fs.readFileSync(`${storage}/${name}`, 'utf8').includes(`"${DOMAIN}"`);
  });
}
