// Runs test files, each in a process of its own, in the order in which they are given: `node --test` sorts them by name, and a long one
// that starts last is then waited for alone.
//   node test/support/run-files.mjs --concurrency N [--force-exit] file…
import path from 'node:path';
import { run } from 'node:test';
import { parseArgs } from 'node:util';
import reporter from './reporter.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { concurrency: { type: 'string' }, 'force-exit': { type: 'boolean', default: false } },
});
const events = run({
  files: positionals.map((file) => path.resolve(file)),
  concurrency: Number(values.concurrency),
  // ends files whose real parts keep a handle open
  execArgv: values['force-exit'] ? ['--test-force-exit'] : [],
});
events.on('test:summary', ({ success }) => {
  if (!success) process.exitCode = 1;
});
events.compose(reporter).pipe(process.stdout);
