import { testAccess } from '#test/support/access.ts';
import { writeSection } from './section.ts';

// Whether the time of an answer tells an unknown e-mail from a wrong password: `node test/bench/sign-in.ts` prints the medians, writes them into
// docs/benchmarks.md, and fails when one is a quarter longer than the other.

const ROUNDS = 40;
const QUARTER = 1.25;
const cleanUps: (() => unknown)[] = [];
const env = { HEADROOM_ADMIN_EMAIL: 'ada@example.com', HEADROOM_ADMIN_PASSWORD: 'correct horse battery' };
const { access } = await testAccess({ after: (fn: () => unknown) => void cleanUps.push(fn) }, env);
await access.prepare();

const times: Record<'known' | 'unknown', number[]> = { known: [], unknown: [] };
// in turn, from an address of its own each time: the machine's load and the lock-out touch both alike
for (let i = 0; i < ROUNDS; i++)
  for (const who of ['known', 'unknown'] as const) {
    const email = who === 'known' ? env.HEADROOM_ADMIN_EMAIL : `nobody-${i}@example.com`;
    const started = performance.now();
    await access.signIn({ email, password: 'wrong wrong wrong' }, new Headers(), `192.0.2.${i}`).catch(() => undefined);
    times[who].push(performance.now() - started);
  }
for (const cleanUp of cleanUps) await cleanUp();

const median = (list: number[]): number => list.sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
const [known, unknown] = [median(times.known), median(times.unknown)];
const ratio = Math.max(known, unknown) / Math.min(known, unknown);
const rows = [
  ['asked with', 'median'],
  ['a known e-mail and a wrong password', `${known.toFixed(0)} ms`],
  ['an unknown e-mail', `${unknown.toFixed(0)} ms`],
];
writeSection('sign-in', 'A refused sign-in takes as long for a known e-mail as for an unknown one', 'node test/bench/sign-in.ts', rows);
process.stdout.write(`${rows.map((row) => row.join(': ')).join('\n')}\nratio ${ratio.toFixed(2)}, at most ${QUARTER}\n`);
if (ratio > QUARTER) process.exitCode = 1;
