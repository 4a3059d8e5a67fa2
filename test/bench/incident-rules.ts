// False alarms and minutes of warning of the built-in rules over labelled traces, with nothing later known at any moment.
//   HEADROOM_TEST_DATA=DIR node test/bench/incident-rules.ts [--seed 33] [--every 60] [--families fast,steady]
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { QUIET, type Standing } from '#server/detect/index.ts';
import { evaluate, viewOfSamples } from '#server/incidents/index.ts';
import { INCIDENT_RULES, type RuleKey } from '#shared/incident-rules.ts';
import { type Row, toSamples } from './detector.ts';

type Truth = {
  id: string;
  family: string;
  hours: number;
  lives: { startSeconds: number; endSeconds: number | null }[];
  /** what may be answered at `first + i * every` seconds, a hex digit of bits; 7: anything, nobody could know */
  checks: { first: number; every: number; accept: string };
  leak: { onsets: { life: number; onsetSeconds: number }[]; emfile: { life: number; atSeconds: number }[] } | null;
};
type Score = {
  rule: RuleKey;
  firings: number;
  falseAlarms: number;
  /** those of them at moments at which the truth itself takes any answer: something grows that only later turns out to end by itself */
  defensible: number;
  /** the traces of the false alarms and of the leaks that were not caught */
  falseIn: string[];
  missedIn: string[];
  healthyDays: number;
  leaks: number;
  caught: number;
  delayMinutes: number[];
  emfiles: number;
  warned: number;
  leadMinutes: number[];
};
type Traces = {
  generateSet(seed: number, families: string[] | undefined): Iterable<{ truth: Truth; files: Record<string, string> }>;
};

/** What the judgement looks back over. */
const JUDGED_SECONDS = 30 * 3600;
const RULES = ['leaking', 'time-to-emfile', 'fds-high'] as const;

export async function scoreRules(folder: string, o: { seed: number; families?: string[]; everySeconds: number }): Promise<Score[]> {
  const load = async <T>(name: string): Promise<T> => (await import(pathToFileURL(path.join(folder, 'traces', name)).href)) as T;
  const { generateSet } = await load<Traces>('generate.mjs');
  const { parseCsv } = await load<{ parseCsv(text: string): Row[] }>('evaluate.mjs');
  const scores = RULES.map(
    (rule): Score => ({
      rule,
      firings: 0,
      falseAlarms: 0,
      defensible: 0,
      falseIn: [],
      missedIn: [],
      healthyDays: 0,
      leaks: 0,
      caught: 0,
      delayMinutes: [],
      emfiles: 0,
      warned: 0,
      leadMinutes: [],
    }),
  );
  for (const { truth, files } of generateSet(o.seed, o.families)) {
    const rows = parseCsv(files[truth.id] ?? '');
    const firings = firingsOf(rows, o.everySeconds);
    for (const score of scores) note(score, truth, firings[score.rule] ?? [], rows.at(-1)?.t ?? 0);
  }
  return scores;
}

type Firing = { from: number; to: number };

/** From when to when each rule fired, seconds. */
function firingsOf(rows: readonly Row[], everySeconds: number): Record<string, Firing[]> {
  const samples = toSamples(rows);
  const standings: Record<string, Standing> = {};
  const fired: Record<string, Firing[]> = {};
  const end = rows.at(-1)?.t ?? 0;
  let [from, to] = [0, 0];
  for (let now = everySeconds; now <= end; now += everySeconds) {
    while (to < rows.length && (rows[to]?.t ?? 0) <= now) to += 1;
    while (from < to && (rows[from]?.t ?? 0) < now - JUDGED_SECONDS) from += 1;
    const view = viewOfSamples(samples.slice(from, to), now * 1000);
    for (const rule of RULES) {
      const { standing, change } = evaluate(rule, INCIDENT_RULES[rule].defaults, view, standings[rule] ?? QUIET);
      standings[rule] = standing;
      if (change === 'fired') fired[rule] = [...(fired[rule] ?? []), { from: now, to: Number.POSITIVE_INFINITY }];
      const last = fired[rule]?.at(-1);
      if (change === 'cleared' && last) last.to = now;
    }
  }
  return fired;
}

/** The first minutes of a process are no one's: a leak that began in the life before still fires. */
const AFTERGLOW_SECONDS = 900;

function note(score: Score, truth: Truth, firings: readonly Firing[], end: number): void {
  const onsets = truth.leak?.onsets ?? [];
  for (const [i, life] of truth.lives.entries()) {
    const [from, until] = [Math.max(0, life.startSeconds), life.endSeconds ?? end];
    const onset = onsets.find((one) => one.life === i)?.onsetSeconds ?? null;
    const begun = firings.filter((f) => f.from >= from && f.from < until);
    score.firings += begun.length;
    const healthyUntil = onset ?? until;
    score.healthyDays += Math.max(0, healthyUntil - from) / 86_400;
    for (const f of begun.filter((f) => f.from < healthyUntil && (i === 0 || f.from > from + AFTERGLOW_SECONDS))) {
      score.falseAlarms += 1;
      score.falseIn.push(truth.id);
      if (truth.checks.accept[Math.floor((f.from - truth.checks.first) / truth.checks.every)] === '7') score.defensible += 1;
    }
    if (onset === null) continue;
    score.leaks += 1;
    // one that a restart did not clear goes on in the next life: people know of it from its start
    const of = firings.find((f) => f.from < until && f.to > onset);
    const first = of && Math.max(onset, of.from);
    if (first !== undefined) {
      score.caught += 1;
      score.delayMinutes.push((first - onset) / 60);
    } else score.missedIn.push(truth.id);
    const emfile = truth.leak?.emfile.find((one) => one.life === i)?.atSeconds;
    if (emfile === undefined) continue;
    score.emfiles += 1;
    if (first !== undefined && first < emfile) {
      score.warned += 1;
      score.leadMinutes.push((emfile - first) / 60);
    }
  }
}

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

if (import.meta.main) {
  const folder = process.env.HEADROOM_TEST_DATA;
  if (!folder) throw new Error('HEADROOM_TEST_DATA names no folder: set it to the one that holds traces/');
  const { values } = parseArgs({ options: { seed: { type: 'string' }, every: { type: 'string' }, families: { type: 'string' } } });
  const families = values.families?.split(',');
  const scores = await scoreRules(folder, {
    seed: Number(values.seed ?? 33),
    everySeconds: Number(values.every ?? 60),
    ...(families && { families }),
  });
  for (const s of scores) {
    console.log(
      `${s.rule}: ${s.firings} firings; ${s.falseAlarms} false alarms in ${s.healthyDays.toFixed(1)} healthy node-days (${(s.falseAlarms / s.healthyDays).toFixed(3)} a day); ` +
        `${s.caught} of ${s.leaks} leaks caught, median ${median(s.delayMinutes).toFixed(0)} min after they began; ` +
        `${s.warned} of ${s.emfiles} EMFILEs announced, median ${median(s.leadMinutes).toFixed(0)} min before`,
    );
    console.log(`  false in: ${s.falseIn.join(', ') || 'none'} (${s.defensible} where the truth takes any answer)`);
    if (s.rule === 'leaking') console.log(`  not caught in: ${s.missedIn.join(', ') || 'none'}`);
  }
}
