import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import v8 from 'node:v8';
import vm from 'node:vm';
import { until } from '#test/support/until.ts';
import { member, rig, sshFails } from './rig.ts';

const INTERVAL_MS = 400;
const PAGES: [path: string, cause: RegExp][] = [
  ['/endless', /larger than 4 MiB|did not answer in full/],
  ['/endless-chunked', /larger than 4 MiB|did not answer in full/],
  ['/drip', /did not answer in full within 0.4 s/],
  ['/bomb', /content-encoding "gzip", which was not asked for/],
  ['/quiet-bomb', /longer than 16384 bytes|cannot be read|ends in the middle/],
  ['/million', /larger than 4 MiB|200000 lines|did not answer in full/],
  ['/redirect', /redirect \(302\); redirects are not followed/],
  ['/html', /no metric of an SNI proxy/],
  ['/http09', /did not answer in HTTP: it does not begin with "HTTP\/1."/],
  ['/mid-body', /closed the connection in the middle of the answer/],
  ['/chunk-lies', /did not answer in HTTP: a chunk is longer than it says/],
  ['/chunk-nonsense', /did not answer in HTTP: a chunk begins with "-5/],
  ['/two-ends', /can be read in two ways/],
  ['/two-lengths', /says content-length twice/],
  ['/short-length', /ends in the middle of line/],
  ['/negative', /its length is "-1"/],
  ['/huge-head', /head is longer than 16 KiB/],
  ['/interim', /did not answer in HTTP: it answered with status 100/],
];

async function hostilePages(t: TestContext): Promise<string> {
  const child = fork(path.join(import.meta.dirname, 'hostile-pages.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  t.after(() => void child.kill('SIGKILL'));
  const port = await new Promise<number>((resolve) => child.once('message', (message) => resolve(Number(message))));
  return `http://127.0.0.1:${port}`;
}

const at = (base: string, place: string) => member({ via: 'http', url: `${base}${place}` }, { id: place, name: place.slice(1) });

test('hostile pages all at once: each node says what happened, the others keep their cadence, and memory stays bounded', async (t) => {
  const base = await hostilePages(t);
  const good = Array.from({ length: 10 }, (_, i) => member({ via: 'http', url: `${base}/good` }, { id: `good-${i}`, name: `good-${i}` }));
  const r = rig(t, { members: [...PAGES.map(([place]) => at(base, place)), ...good], intervalMs: INTERVAL_MS });
  r.state.probe = sshFails('ssh.unreachable', 'no SSH in this test');
  const before = process.memoryUsage.rss();
  const held = heldBytes();
  let most = before;
  const watching = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 20);
  t.after(() => clearInterval(watching));
  r.scraper.start();
  for (const [place, cause] of PAGES)
    await until(`${place}: ${cause}`, () => {
      const { state, reason } = r.scraper.health(place);
      if (state === 'down' && cause.test(reason ?? '')) return true;
      throw new Error(`${state}: ${reason}`);
    });
  const seen = r.events.length;
  const from = Date.now();
  await until('twelve samples of the first good node', () => samplesOf(r.events.slice(seen), 'good-0') >= 12, { timeoutMs: 15_000 });
  const usual = (Date.now() - from) / INTERVAL_MS;
  for (const { id } of good) {
    const got = samplesOf(r.events.slice(seen), id);
    assert.ok(got >= 9, `${id}: ${got} samples in ${usual.toFixed(1)} intervals, good-0 had 12`);
    assert.equal(r.scraper.health(id).lastSample?.openFds, 100);
  }
  for (const [place] of PAGES) assert.equal(samplesOf(r.events, place), 0, `${place} gave a sample`);
  // 128 pages are read at once at most, each by chunks of 64 KiB; garbage waits for its collector, for longer on a busy machine
  assert.ok(heldBytes() - held < 40e6, `${((heldBytes() - held) / 1e6).toFixed(0)} MB more are held`);
  assert.ok(most - before < 500e6, `${((most - before) / 1e6).toFixed(0)} MB more at most, of pages without an end`);
});

/** What is not garbage, buffers outside of the heap included. */
function heldBytes(): number {
  v8.setFlagsFromString('--expose-gc');
  const collect: unknown = vm.runInNewContext('gc');
  if (typeof collect === 'function') collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const samplesOf = (events: readonly { type: string; nodeId?: string }[], nodeId: string): number =>
  events.filter((event) => event.type === 'fleet.sample' && event.nodeId === nodeId).length;

test('NaN, infinities and 1e400 count as not known; nothing else is lost by them', async (t) => {
  const base = await hostilePages(t);
  const r = rig(t, { members: [at(base, '/numbers')], intervalMs: INTERVAL_MS });
  r.scraper.start();
  // the page says no fds, so the probe counts them
  await until('a sample', () => {
    r.scraper.nudge('/numbers');
    return r.samples.length > 0;
  });
  const [first] = r.samples;
  assert.deepEqual([first?.openFds, first?.fdLimit, first?.acceptedTotal, first?.rssBytes], [100, 8192, null, null]);
});

test('an answer that nobody asked for is never taken for the next one', async (t) => {
  const base = await hostilePages(t);
  const r = rig(t, { members: [at(base, '/smuggled')], intervalMs: 50 });
  r.scraper.start();
  await until('ten samples', () => r.samples.length >= 10);
  assert.deepEqual([...new Set(r.samples.map((sample) => sample.openFds))], [100]);
});

test('the clock of the day may jump back and forward: readings go on in their rhythm', async (t) => {
  const base = await hostilePages(t);
  let offset = 0;
  const clock = { now: () => Date.now() + offset, sleep: async () => undefined };
  const r = rig(t, { members: [at(base, '/good')], intervalMs: 100, clock });
  r.scraper.start();
  for (const jump of [0, -3_600_000, 7_200_000, -86_400_000]) {
    offset = jump;
    const seen = r.samples.length;
    await until(`samples after a jump of ${jump / 1000} s`, () => r.samples.length >= seen + 5, { timeoutMs: 4000 });
    assert.equal(r.scraper.health('/good').state, 'up', `${jump}`);
    assert.ok(Math.abs((r.samples.at(-1)?.at ?? 0) - clock.now()) < 2000);
  }
});
