// `npm run report`: joins what bench, soak, chaos, fuzz and fleet have written into one table at the top of docs/reliability.md. It measures nothing.
import fs from 'node:fs';
import path from 'node:path';
import { PAGE as BENCHMARKS, joinBenchmarks } from '../test/bench/join.ts';
import { reliabilitySummary, withSummary } from '../test/bench/reliability.ts';

const page = path.resolve(import.meta.dirname, '../docs/reliability.md');
joinBenchmarks();
const text = fs.readFileSync(page, 'utf8');
const summary = reliabilitySummary(text, fs.readFileSync(BENCHMARKS, 'utf8'));
fs.writeFileSync(page, withSummary(text, summary));
console.log(summary);
