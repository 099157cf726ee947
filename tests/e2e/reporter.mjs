// Prints a line per step, what went wrong, and how many passed and failed.

// Steps that could not be taken say nothing of their own.
const BROKEN = 'an earlier step failed';

export default async function* report(events) {
  let passed = 0;
  let failed = 0;
  for await (const { type, data } of events) {
    if (type === 'test:start' && data.nesting === 0) yield `\n${data.name}\n`;
    if (type === 'test:stderr' || type === 'test:stdout') yield data.message;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.details.type === 'suite') {
      // A suite fails with its steps; on its own account only when it could not even begin.
      if (type === 'test:pass' || data.details.error.failureType === 'subtestsFailed') continue;
    }
    const seconds = (data.details.duration_ms / 1000).toFixed(1).padStart(5);
    if (type === 'test:pass') {
      passed += 1;
      yield `  ok     ${seconds} s  ${data.name}\n`;
    } else {
      failed += 1;
      const { cause } = data.details.error;
      yield `  FAILED ${seconds} s  ${data.name}\n`;
      if (cause?.message !== BROKEN) yield `${cause?.stack ?? cause}\n`;
    }
  }
  yield `\n${passed} passed, ${failed} failed\n`;
}
