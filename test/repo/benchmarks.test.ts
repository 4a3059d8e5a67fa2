import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { BENCHES } from '../bench/catalogue.ts';
import { ratioChart } from '../bench/charts.ts';
import { sectionsOf, worseThan } from '../bench/figures.ts';
import { figuresIn, joined, jsonOf, summaryOf } from '../bench/join.ts';
import { reliabilitySummary } from '../bench/reliability.ts';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => fs.readFileSync(path.join(root, file), 'utf8');
const page = read('docs/benchmarks.md');
/** as `npm run bench -- --check` takes it */
const TOLERANCE = 0.25;

describe('docs/benchmarks.md', () => {
  test('its summary, benchmarks.json and its chart are what its tables say: otherwise run npm run bench -- --join', () => {
    const all = joined(page);
    assert.ok(page.includes(summaryOf(all)));
    assert.equal(read('docs/benchmarks.json'), jsonOf(all));
    assert.equal(read('docs/pictures/bench-ratios.svg'), ratioChart(figuresIn(all)));
  });

  test('no ratio of it is worse than the baseline by more than a quarter', () => {
    assert.deepEqual(worseThan(JSON.parse(read('test/bench/baseline.json')), figuresIn(joined(page)), TOLERANCE), []);
  });

  test('every table that has figures in the catalogue gives at least one of them, and every bench has its file', () => {
    const sections = new Map(sectionsOf(page).map((section) => [section.mark, section]));
    const all = joined(page);
    for (const { name, mark, file, figures } of BENCHES) {
      assert.ok(fs.existsSync(path.join(root, 'test/bench', file)), file);
      if (sections.has(mark) && figures.length > 0)
        assert.ok((all[name]?.figures.length ?? 0) > 0, `${name}: a head or a row has another name now`);
    }
    assert.deepEqual(
      // soaks have their row in docs/reliability.md
      [...sections.keys()].filter((mark) => !BENCHES.some((bench) => bench.mark === mark) && !mark.endsWith('-soak')),
      [],
    );
  });
});

test('the table at the top of docs/reliability.md is what the sections below it say: otherwise run npm run report', () => {
  const reliability = read('docs/reliability.md');
  assert.ok(reliability.includes(reliabilitySummary(reliability, page)));
});
