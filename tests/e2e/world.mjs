// What scripts/e2e has started, and the few things that all tests need.

import fs from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';

export const world = JSON.parse(fs.readFileSync(process.env.E2E_WORLD, 'utf8'));

// Packages lie in a folder of their own, not beside the tests.
export const require = createRequire(`${world.modules}/`);

/** Try until it no longer throws; the last error counts. */
export async function eventually(what, seconds = 15) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    try {
      return await what();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(200);
    }
  }
}

/** Look into a simulator. */
export async function simulator(device, path, body) {
  const request = body && { method: 'POST', body: JSON.stringify(body) };
  const answer = await fetch(`http://127.0.0.1:${world.devices[device].control}${path}`, request);
  if (!answer.ok) throw new Error(`${device}: ${await answer.text()}`);
  return answer.json();
}

/** The value that a register of a simulator holds. */
export async function register(device, unit, name) {
  const table = await simulator(device, `/registers?unit=${unit}`);
  const found = table.find((one) => one.name === name);
  if (!found) throw new Error(`${device} has no register ${name}`);
  return found.value;
}
