import { loadCorpus } from './corpus.ts';
import { Coverage, type Covered } from './coverage.ts';
import { mutate } from './mutate.ts';
import { createRandom, type Random } from './random.ts';
import { TARGETS, type Target } from './targets.ts';

export type Finding = { target: string; message: string; input: Buffer };
export type Result = {
  inputs: number;
  seconds: number;
  covered: Covered;
  missed: Coverage['missed'];
  findings: Finding[];
  slowestMs: number;
  /** of the process, after the first tenth and at the end, in bytes */
  heapEarly: number;
  heapLate: number;
  corpus: Map<string, Buffer[]>;
};
export type Options = {
  seed: number;
  seconds?: number;
  inputs?: number;
  /** sees each input before it is run, so that one that never returns is known */
  watch?: (target: Target, input: Buffer) => void;
};

/** Inputs between two looks at the coverage: few at first, when nearly each finds something. */
const [FIRST_BATCH, LARGEST_BATCH] = [64, 4096];
/** CPU time that no input may take longer than: a busy machine stops a thread for as long as it likes. A collector's pause is shorter. */
const MAX_INPUT_MS = 1000;
const MAX_FINDINGS = 20;
/** Inputs a target keeps to mutate. */
const MAX_KEPT = 400;
const SMALL = 2048;
const NOTHING = Buffer.alloc(0);

/**
 * Mutates inputs and keeps those that run code that never ran before. Coverage is looked at per batch; a batch that found something is run again
 * in halves until the inputs are known. The same seed and number of inputs make the same inputs.
 */
export function fuzz({ seed, seconds = Number.POSITIVE_INFINITY, inputs: most = Number.POSITIVE_INFINITY, watch }: Options): Result {
  const random = createRandom(seed);
  const coverage = new Coverage();
  const corpus = new Map(TARGETS.map((target) => [target.name, [...target.seeds, ...loadCorpus(target.name)]]));
  const started = performance.now();
  const elapsed = () => (performance.now() - started) / 1000;
  const findings: Finding[] = [];
  let [count, slowestMs, batch, heapEarly] = [0, 0, FIRST_BATCH, 0];

  const runOne = (target: Target, input: Buffer): void => {
    watch?.(target, input);
    const before = cpuMs();
    try {
      target.run(input, createRandom(fingerprint(input)));
    } catch (error) {
      findings.push({ target: target.name, message: error instanceof Error ? (error.stack ?? error.message) : String(error), input });
    }
    const took = cpuMs() - before;
    slowestMs = Math.max(slowestMs, took);
    if (took > MAX_INPUT_MS) findings.push({ target: target.name, message: `took ${took.toFixed(0)} ms`, input });
  };
  /** Runs them again in halves, until each that runs new code is known by itself. */
  const keepNew = (target: Target, tried: readonly Buffer[]): void => {
    for (const input of tried) runOne(target, input);
    const [only] = tried;
    if (coverage.take(tried.length === 1) === 0 || only === undefined) return;
    if (tried.length === 1) {
      const kept = corpus.get(target.name) ?? [];
      if (kept.length < MAX_KEPT) kept.push(only);
      return;
    }
    const middle = tried.length >> 1;
    keepNew(target, tried.slice(0, middle));
    keepNew(target, tried.slice(middle));
  };

  for (const target of TARGETS) for (const input of corpus.get(target.name) ?? []) runOne(target, input);
  coverage.take(true);
  while (count < most && elapsed() < seconds && findings.length < MAX_FINDINGS) {
    const target = chosen(random);
    const kept = corpus.get(target.name) ?? [];
    const tried = Array.from({ length: Math.min(batch, most - count) }, () => {
      return mutate(pick(kept, random), pick(kept, random), random);
    });
    for (const input of tried) runOne(target, input);
    count += tried.length;
    if (coverage.take(false) > 0) {
      keepNew(target, tried);
      coverage.settle();
    } else batch = Math.min(LARGEST_BATCH, 2 * batch);
    if (heapEarly === 0 && (count >= most / 10 || elapsed() >= seconds / 10)) heapEarly = heapNow();
  }
  const result: Result = {
    inputs: count,
    seconds: elapsed(),
    covered: coverage.covered,
    missed: coverage.missed,
    findings,
    slowestMs,
    heapEarly,
    heapLate: heapNow(),
    corpus,
  };
  coverage.close();
  return result;
}

/** An input is cut the same way each time it is run: a finding is repeated from its bytes alone. */
function fingerprint(input: Buffer): number {
  let hash = input.length;
  for (let at = 0; at < input.length; at += 1 + (input.length >> 6)) hash = Math.imul(hash ^ (input[at] ?? 0), 0x01000193);
  return hash >>> 0;
}

/** Large inputs cost as much as hundreds of small ones, and are taken as rarely. */
function pick(kept: readonly Buffer[], random: Random): Buffer {
  const input = kept[random.below(kept.length)] ?? NOTHING;
  return input.length <= SMALL || random.below(200) === 0 ? input : (kept[random.below(Math.min(kept.length, 2))] ?? NOTHING);
}

const TOTAL_WEIGHT = TARGETS.reduce((sum, { weight }) => sum + weight, 0);

function chosen(random: Random): Target {
  let at = random.below(TOTAL_WEIGHT);
  for (const target of TARGETS) {
    at -= target.weight;
    if (at < 0) return target;
  }
  return TARGETS[0];
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** After a collection, when the process allows one (--expose-gc). */
function heapNow(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
