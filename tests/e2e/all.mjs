// Tells the stories in order, or only those that are named.

const STORIES = [
  'mennekes_tcp',
  'mennekes_rtu',
  'alfen',
  'victron_gx',
  'ams_han',
  'rpc',
  'removal',
  'demo',
];

const wanted = process.argv.slice(2);
for (const name of wanted.length ? wanted : STORIES) {
  await import(`./${name}.mjs`);
}
