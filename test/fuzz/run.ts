// Fuzzes every parser of proxy-core:
//   node test/fuzz/run.ts --seconds 60 --seed 1            for a time
//   node test/fuzz/run.ts --inputs 10000000 --seed 1       for a number of inputs; with the seed it can be repeated (and --seconds at most)
//   … --report docs/reliability.md                         writes the figures there
//   … --save                                               saves the inputs that ran code of their own, minimised, to test/fuzz/corpus
//   … --missed                                             prints the code that never ran
// Exit 1 when a parser threw, took too long or read differently in pieces; the input is then printed as base64.
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { saveCorpus } from './corpus.ts';
import { fuzz, type Result } from './engine.ts';
import { minimise } from './minimise.ts';
import { writeReport } from './report.ts';
import { TARGETS } from './targets.ts';

/** The input that is run now: its number, target and length, then its bytes. */
const HEADER = 12;
const SHARED_BYTES = HEADER + 200_000;
/** An input that is still run after so long never returns. */
const HANG_MS = 20_000;

type Use = { seed: number; seconds?: number; inputs?: number };

if (isMainThread) await main();
else work();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      seconds: { type: 'string' },
      inputs: { type: 'string' },
      report: { type: 'string' },
      save: { type: 'boolean', default: false },
      missed: { type: 'boolean', default: false },
    },
  });
  const use: Use = { seed: Number(values.seed) };
  if (values.inputs !== undefined) use.inputs = Number(values.inputs);
  if (values.seconds !== undefined || values.inputs === undefined) use.seconds = Number(values.seconds ?? 60);
  if (![use.seed, use.seconds ?? 1, use.inputs ?? 1].every((value) => Number.isFinite(value) && value > 0)) {
    console.error('--seed, --seconds and --inputs are numbers above 0');
    process.exit(2);
  }
  const result = await watched(use);
  if (result === null) process.exit(1);
  const { characters, charactersRun, functions, functionsRun } = result.covered;
  console.log(`${result.inputs} inputs in ${result.seconds.toFixed(0)} s, seed ${use.seed}: ${result.findings.length} findings`);
  console.log(`${functionsRun} of ${functions} functions, ${((100 * charactersRun) / characters).toFixed(1)} % of their code`);
  for (const { target, message, input } of result.findings)
    console.error(`${target}: ${message}\n${Buffer.from(input).toString('base64').slice(0, 4000)}\n`);
  if (values.missed)
    for (const { file, from, to } of result.missed) {
      const source = fs.readFileSync(file, 'utf8');
      console.log(
        `${path.basename(file)}:${source.slice(0, from).split('\n').length}: ${JSON.stringify(source.slice(from, Math.min(to, from + 80)))}`,
      );
    }
  if (values.save)
    for (const target of TARGETS)
      saveCorpus(
        target.name,
        minimise(
          target,
          (result.corpus.get(target.name) ?? []).map((input) => Buffer.from(input)),
        ),
      );
  if (values.report !== undefined) writeReport(values.report, use, result);
  process.exit(result.findings.length > 0 ? 1 : 0);
}

/** The parsers run in a thread of their own, so that an input that never returns is seen. */
function watched(use: Use): Promise<Result | null> {
  const shared = new SharedArrayBuffer(SHARED_BYTES);
  const worker = new Worker(import.meta.filename, { workerData: { use, shared } });
  const [numbers, bytes] = [new Int32Array(shared, 0, HEADER / 4), new Uint8Array(shared, HEADER)];
  return new Promise((resolve, reject) => {
    let last = -1;
    const timer = setInterval(() => {
      const now = Atomics.load(numbers, 0);
      if (now !== last) {
        last = now;
        console.error(`${now} inputs so far`);
        return;
      }
      clearInterval(timer);
      const input = Buffer.from(bytes.slice(0, Atomics.load(numbers, 2)));
      console.error(`${TARGETS[Atomics.load(numbers, 1)]?.name}: an input never returns\n${input.toString('base64')}`);
      void worker.terminate().then(() => resolve(null));
    }, HANG_MS);
    worker.on('message', (result: Result) => {
      clearInterval(timer);
      resolve(result);
    });
    worker.on('error', reject);
  });
}

function work(): void {
  const { use, shared } = workerData as { use: Use; shared: SharedArrayBuffer };
  const [numbers, bytes] = [new Int32Array(shared, 0, HEADER / 4), new Uint8Array(shared, HEADER)];
  let count = 0;
  const result = fuzz({
    ...use,
    watch: (target, input) => {
      count += 1;
      bytes.set(input);
      Atomics.store(numbers, 1, TARGETS.indexOf(target));
      Atomics.store(numbers, 2, input.length);
      Atomics.store(numbers, 0, count & 0x7fff_ffff);
    },
  });
  parentPort?.postMessage(result);
}
