// The charging controller: set up by one who reads nothing, watched, driven and removed again.

import assert from 'node:assert/strict';

import { story } from './story.mjs';
import { eventually } from './world.mjs';

const TITLE = 'Charging';
const GARAGE = 'Garage';

/** The states of the entities of the connection. */
async function states(person) {
  const entries = await person.ask({ type: 'config_entries/get', domain: 'voltrail' });
  const entry = entries.find((one) => one.title === TITLE);
  const registered = await person.ask({ type: 'config/entity_registry/list' });
  const own = registered.filter((one) => one.config_entry_id === entry?.entry_id);
  const found = await person.ask({ type: 'get_states' });
  return own.map(({ entity_id }) => found.find((one) => one.entity_id === entity_id)).filter(Boolean);
}

/** The device from which the garage's charger is controlled. */
async function control(person) {
  const devices = await person.ask({ type: 'config/device_registry/list' });
  const own = devices.filter((one) => one.name === GARAGE && one.entry_type === 'service');
  assert.equal(own.length, 1);
  await person.open(`/config/devices/device/${own[0].id}`);
}

story('The charging controller', (step) => {
  step('is set up with next, next, done', async (person) => {
    await person.add();
    await person.choose('Control the charging');
    await person.title('The grid connection');
    await person.picture('charging-connection');
    await person.submit();
    await person.title('The chargers');
    await person.dialog.getByText(GARAGE, { exact: true }).waitFor();
    await person.picture('charging-chargers');
    await person.submit();
    await person.finish();
  });

  step('only watches at first, and says so', async (person) => {
    await person.device(TITLE);
    const row = person.row('toggle', 'Only watch');
    await row.waitFor();
    await eventually(async () => {
      const reasons = (await states(person)).filter((one) => one.entity_id.endsWith('_reason'));
      assert.ok(reasons.length > 0);
      for (const { attributes } of reasons) assert.match(attributes.explanation, /only watches/);
    }, 60);
  });

  step('changes its mode, and gives the reason', async (person) => {
    await control(person);
    const row = person.row('select', 'Mode');
    await row.locator('ha-select, ha-control-select-menu').first().waitFor();
    const mode = (await states(person)).find((one) => one.entity_id.endsWith('garage_mode'));
    await person.api('POST', 'services/select/select_option', {
      entity_id: mode.entity_id, option: 'off',
    });
    await person.reads('Reason', /^Off$/);
    await person.picture('charging-device');
  });

  step('drives, and stops when it is told only to watch', async (person) => {
    await person.device(TITLE);
    await person.flip('Only watch');
    await eventually(async () => {
      const [one] = (await states(person)).filter((state) => state.entity_id.endsWith('garage_reason'));
      assert.doesNotMatch(one.attributes.explanation, /only watches/);
    }, 60);
    await person.flip('Only watch');
    await person.page.getByText('Charging is no longer controlled').count();
  });

  step('is removed without a trace', async (person) => {
    await person.remove(TITLE);
    assert.deepEqual(await states(person), []);
    const devices = await person.ask({ type: 'config/device_registry/list' });
    assert.deepEqual(devices.filter((one) => one.entry_type === 'service' && one.manufacturer === 'Voltrail'), []);
    const { issues } = await person.ask({ type: 'repairs/list_issues' });
    assert.deepEqual(issues.filter((one) => one.issue_id.startsWith('grid_sign')), []);
  });

  step('leaves the car paused until a person says otherwise', async (person) => {
    const registered = await person.ask({ type: 'config/entity_registry/list' });
    const limit = registered.find((one) => one.entity_id === 'number.garage_current_limit');
    const present = async () =>
      (await person.ask({ type: 'get_states' })).find((one) => one.entity_id === limit.entity_id).state;
    assert.equal(Number(await present()), 0);
    await person.api('POST', 'services/number/set_value', { entity_id: limit.entity_id, value: 10 });
    await eventually(async () => assert.equal(Number(await present()), 10));
  });
});
