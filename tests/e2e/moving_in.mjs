import assert from 'node:assert/strict';

import { story } from './story.mjs';
import { eventually } from './world.mjs';

const ENERGY = 'sensor.mennekes_total_energy';
const registered = async (person, id) => {
  const entities = await person.ask({ type: 'config/entity_registry/list' });
  return entities.find((one) => one.entity_id === id);
};

story('Moving in from another integration', (step) => {
  let ours;

  step('lists old and new with their values', async (person) => {
    assert.equal((await registered(person, ENERGY)).platform, 'mennekes_modbus');
    await person.repair('Garage: your history can go on here');
    await person.title('Go on with the history');
    const lines = await person.linesOf('Old and new');
    const energy = lines.find((line) => line.includes(ENERGY));
    assert.match(energy, /sensor.mennekes_total_energy 2221.40 kWh → Energy charged 2\d+\.\d+ kWh$/);
    await person.picture('moving-in');
  });

  step('changes nothing before it is confirmed', async (person) => {
    await person.submit();
    await person.title('Move in?');
    await person.dialog.getByText('(My old charger)').waitFor();
    const [entry] = await person.ask({ type: 'config_entries/get', domain: 'mennekes_modbus' });
    assert.equal(entry.disabled_by, null);
    assert.equal((await registered(person, ENERGY)).platform, 'mennekes_modbus');
  });

  step('gives ours the old id', async (person) => {
    const entities = await person.ask({ type: 'config/entity_registry/list' });
    ours = entities.find((one) => /^sensor\.garage.*_energy_charged$/.test(one.entity_id)).entity_id;
    await person.submit();
    await person.dialog.getByText('The issue is repaired!').waitFor();
    await person.closeRepair();
    assert.equal((await registered(person, ENERGY)).platform, 'voltrail');
    assert.equal(await registered(person, ours), undefined);
    const [entry] = await person.ask({ type: 'config_entries/get', domain: 'mennekes_modbus' });
    assert.equal(entry.disabled_by, 'user');
  });

  step('shows one history of both', async (person) => {
    const start = new Date(Date.now() - 3600 * 1000).toISOString();
    await eventually(async () => {
      const history = await person.ask({
        type: 'history/history_during_period',
        start_time: start,
        entity_ids: [ENERGY],
        minimal_response: true,
      });
      const told = history[ENERGY].map((one) => one.s).filter((one) => Number(one) > 0);
      assert.ok(told.includes('2221.4'), told);
      assert.ok(told.length > 1, told);
    });
    const soon = new Date(Date.now() - 240 * 1000).toISOString();
    await person.page.goto(`${person.url}/history?entity_id=${ENERGY}&start_date=${soon}`);
    await person.page.locator('state-history-charts').waitFor();
    await person.page.waitForTimeout(2000);
    await person.picture('moved-in');
  });

  step('gives it back on Undo', async (person) => {
    await person.repair('Garage goes on with a history: is all right?');
    await person.title('Is all right?');
    await person.choose('Undo');
    await person.title('Undo?');
    await person.submit();
    await person.dialog.getByText('The issue is repaired!').waitFor();
    await person.closeRepair();
    assert.equal((await registered(person, ours)).platform, 'voltrail');
    assert.equal(await registered(person, ENERGY), undefined);
  });
});
