// A reporter for node's test runner: a line per failed or skipped test and per file on the terminal, and one JSON line per test
// ({ outcome, file, name, seconds }) into the file named by HEADROOM_TEST_REPORT, from which scripts/test.mjs counts.
import fs from 'node:fs';
import path from 'node:path';

const report = process.env.HEADROOM_TEST_REPORT;
const relative = (file) => (file ? path.relative(process.cwd(), file) : '?');

export default async function* reporter(events) {
  const files = new Map();
  const tookMs = new Map();
  for await (const { type, data } of events) {
    if (type === 'test:stderr' || type === 'test:stdout') {
      if (process.env.HEADROOM_TEST_VERBOSE) yield data.message;
      continue;
    }
    // a file as a whole, with its start
    if (type === 'test:complete' && data.name === data.file) tookMs.set(relative(data.file), data.details.duration_ms);
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.details?.type === 'suite') {
      // A suite that fails by itself (a hook threw) has no failing test to speak for it.
      if (type === 'test:pass' || /subtests? failed/.test(`${data.details.error?.cause?.message ?? data.details.error?.cause ?? ''}`))
        continue;
    }
    const file = relative(data.file);
    // The runner reports each file as a test of its own when it could not be run at all, and else only its tests.
    const outcome = data.skip !== undefined || data.todo !== undefined ? 'skipped' : type === 'test:pass' ? 'passed' : 'failed';
    const seconds = (data.details?.duration_ms ?? 0) / 1000;
    if (report) fs.appendFileSync(report, `${JSON.stringify({ outcome, file, name: data.name, seconds })}\n`);
    const counts = files.get(file) ?? { passed: 0, failed: 0, skipped: 0 };
    counts[outcome] += 1;
    files.set(file, counts);
    if (outcome === 'skipped') yield `skip ${file}: ${data.name}: ${data.skip ?? data.todo}\n`;
    if (outcome === 'failed') {
      const error = data.details?.error;
      const cause = error?.cause ?? error;
      yield `FAIL ${file}: ${data.name} (${seconds.toFixed(1)} s)\n${`${cause?.stack ?? cause?.message ?? cause}`.replace(/^/gm, '     ')}\n`;
    }
  }
  for (const [file, c] of files) {
    const counts = [`${c.passed} passed`, c.failed && `${c.failed} failed`, c.skipped && `${c.skipped} skipped`].filter(Boolean);
    const took = tookMs.has(file) ? ` (${(tookMs.get(file) / 1000).toFixed(1)} s)` : '';
    yield `${c.failed ? 'FAIL' : 'ok  '} ${file}: ${counts.join(', ')}${took}\n`;
  }
}
