import assert from 'node:assert/strict';

import { story } from './story.mjs';
import { eventually, register, require, world } from './world.mjs';

const { JSONRPCClient } = require('json-rpc-2.0');

const KEY = 'mennekes_tcp';
const device = 'Garage';
const limit = (amps) =>
  eventually(async () => assert.equal(await register(KEY, 1, 'hems_current_tenths'), 10 * amps));

let token = '';

// As the library's own manual has it, with our address and token.
const client = new JSONRPCClient((jsonRPCRequest) =>
  fetch(`${world.url}/api/voltrail/rpc`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(jsonRPCRequest),
  }).then((response) => {
    if (response.status === 200) {
      return response.json().then((jsonRPCResponse) => client.receive(jsonRPCResponse));
    }
    if (jsonRPCRequest.id !== undefined) {
      return Promise.reject(new Error(response.statusText));
    }
  }),
);

const refused = (method, params, code) =>
  assert.rejects(async () => client.request(method, params), (error) => error.code === code);

story('JSON-RPC', (step) => {
  step('lets nobody in without a token', async (person) => {
    await addCharger(person);
    await assert.rejects(async () => client.request('ping'), /Unauthorized/);
  });

  step('answers a program that has one', async (person) => {
    token = await person.ask({
      type: 'auth/long_lived_access_token',
      client_name: 'A program',
      lifespan: 1,
    });
    assert.equal((await client.request('ping')).message, 'pong');
    const { success, data } = await client.request('getDeviceInfo', { device });
    assert.ok(success);
    assert.equal(data.maxCurrentEVSE, 16);
    const voltage = await client.request('getVoltage', { device });
    assert.ok(voltage.data.l1 > 220);
  });

  step('sets a current', async () => {
    await client.request('setChargingCurrent', { ampere: 8, device });
    await limit(8);
    await client.request('pauseCharging', { device });
    await limit(0);
    await client.request('resumeCharging', { current: 7, device });
    await limit(7);
  });

  step('takes a notification', async () => {
    client.notify('setChargingCurrent', { ampere: 9, device });
    await limit(9);
  });

  step('takes a batch', async () => {
    const request = (id, method, params) => ({ jsonrpc: '2.0', id, method, params });
    const answers = await client.requestAdvanced([
      request(1, 'ping'),
      request(2, 'getStatus', { device }),
      request(3, 'makeCoffee', { device }),
    ]);
    assert.deepEqual(answers.map((answer) => answer.id), [1, 2, 3]);
    assert.ok(answers[1].result.success);
    assert.equal(answers[2].error.code, -32601);
  });

  step('refuses what makes no sense, and changes nothing', async () => {
    await refused('makeCoffee', {}, -32601);
    await refused('setChargingCurrent', { ampere: 5, device }, -32602);
    await refused('setChargingCurrent', { ampere: -1, device }, -32602);
    await refused('setChargingCurrent', { ampere: 'ten', device }, -32602);
    await refused('getStatus', { device: 'Nowhere' }, -32602);
    await limit(9);
  });
});

/** Add the charger, if no other story has. */
async function addCharger(person) {
  const entries = await person.ask({ type: 'config_entries/get', domain: 'voltrail' });
  if (entries.some((entry) => entry.title === device)) return;
  const { host, port } = world.devices[KEY];
  const flows = 'config/config_entries/flow';
  const { flow_id: flow } = await person.api('POST', flows, { handler: 'voltrail' });
  await person.api('POST', `${flows}/${flow}`, { next_step_id: KEY });
  const step = await person.api('POST', `${flows}/${flow}`, { host, port, unit_id: 1 });
  assert.equal(step.type, 'create_entry', JSON.stringify(step));
}
