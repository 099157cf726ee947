import assert from 'node:assert/strict';

import { story } from './story.mjs';

story('The Energy dashboard in one step', (step) => {
  step('is offered among the repairs', async (person) => {
    await person.repair('The Energy dashboard can show more');
    await person.title('Add to the Energy dashboard');
    const lines = await person.linesOf('Counters');
    const car = lines.find((line) => line.startsWith('Individual device, Garage'));
    assert.match(car, /Energy charged \d+\.\d+ kWh, Power \d+ W$/);
    // Each connection, sun and battery once, however many devices measure it.
    const sources = lines.filter((line) => !line.startsWith('Individual device'));
    const kinds = sources.map((line) => line.split(',')[0]);
    assert.equal(new Set(kinds).size, kinds.length);
    await person.picture('energy-offer');
  });

  step('adds what is ticked', async (person) => {
    await person.submit();
    await person.dialog.getByText('The issue is repaired!').waitFor();
    await person.closeRepair();
    const { energy_sources, device_consumption } = await person.ask({ type: 'energy/get_prefs' });
    const grid = energy_sources.filter((one) => one.type === 'grid');
    assert.ok(grid.length <= 1 && grid.every((one) => one.stat_rate));
    assert.ok(device_consumption.some((one) => one.name === 'Garage'));
    const faults = await person.ask({ type: 'energy/validate' });
    const wrong = Object.values(faults).flat(2).filter(({ type }) => !/not_defined|unavailable|unknown/.test(type));
    assert.deepEqual(wrong, []);
  });

  step('is not offered again', async (person) => {
    const { issues } = await person.ask({ type: 'repairs/list_issues' });
    assert.deepEqual(issues.filter((one) => one.issue_id === 'energy_dashboard'), []);
  });
});
