import fs from 'node:fs';
import path from 'node:path';
import type { Result } from './engine.ts';
import { TARGETS } from './targets.ts';

/** Each run has a section of its own, found again by its seed. */
const marks = (seed: number) => [`<!-- fuzz ${seed}: written by test/fuzz/run.ts -->`, `<!-- /fuzz ${seed} -->`] as const;
const TITLE = '# Reliability\n\nFigures here are written by the scripts that measured them.\n';
const thousands = (value: number) => value.toLocaleString('en-GB');
const mebibytes = (bytes: number) => `${(bytes / 1_048_576).toFixed(1)} MiB`;

/** Puts the figures between their marks in the document, which is made when there is none. */
export function writeReport(file: string, use: { seed: number; seconds?: number; inputs?: number }, result: Result): void {
  const { functions, functionsRun, characters, charactersRun } = result.covered;
  const amount = [use.inputs && `--inputs ${use.inputs}`, use.seconds && `--seconds ${use.seconds}`].filter(Boolean).join(' ');
  const rows = [
    ['command', `\`node --expose-gc test/fuzz/run.ts ${amount} --seed ${use.seed}\``],
    ['inputs', thousands(result.inputs)],
    ['seed', String(use.seed)],
    ['seconds', result.seconds.toFixed(0)],
    ['parsers', TARGETS.map(({ name }) => name).join(', ')],
    [
      'coverage of `proxy-core/src/{parse,quic}`',
      `${functionsRun} of ${functions} functions, ${((100 * charactersRun) / characters).toFixed(1)} % of their code`,
    ],
    ['crashes, hangs, readings that depend on the cut', String(result.findings.length)],
    ['slowest input', `${result.slowestMs.toFixed(0)} ms`],
    ['heap after a tenth of the run, and at its end', `${mebibytes(result.heapEarly)}, ${mebibytes(result.heapLate)}`],
    ['Node', process.version],
    ['date', new Date().toISOString().slice(0, 10)],
  ];
  const [begin, end] = marks(use.seed);
  const section = [
    begin,
    `## Hostile bytes, seed ${use.seed}`,
    '',
    'Mutated inputs, guided by the code that they run (V8 block coverage), are given to every parser at once and in pieces. None may throw,',
    'take longer than a second of CPU, give another answer in pieces than at once, or let through a name that no host can have.',
    '',
    '| | |',
    '|---|---|',
    ...rows.map(([what, value]) => `| ${what} | ${value} |`),
    end,
  ].join('\n');
  const before = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : TITLE;
  const [from, to] = [before.indexOf(begin), before.indexOf(end)];
  const after = from < 0 ? `${before.trimEnd()}\n\n${section}\n` : `${before.slice(0, from)}${section}${before.slice(to + end.length)}`;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, after);
}
