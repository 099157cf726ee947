// Tells the stories in order, or only those that are named.

const STORIES = [
  'strategy',
  'mennekes_tcp',
  'mennekes_rtu',
  'alfen',
  'victron_gx',
  'ams_han',
  'rpc',
  'energy',
  'charging',
  'moving_in',
  'dashboard',
  'removal',
  'demo',
];

const wanted = process.argv.slice(2);
for (const name of wanted.length ? wanted : STORIES) {
  await import(`./${name}.mjs`);
}
