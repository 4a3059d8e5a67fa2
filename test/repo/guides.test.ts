import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { GOVERN_NAV, MAIN_NAV } from '#components/layout/nav.ts';
import { INCIDENT_RULES, RULE_KEYS } from '#shared/incident-rules.ts';
import { STEP_KINDS } from '#shared/runbooks.ts';

const root = path.resolve(import.meta.dirname, '../..');
const guide = (file: string): string => fs.readFileSync(path.join(root, 'docs', file), 'utf8');
/** The rows of the guide's tables that begin with one of these words, as they stand. */
const rows = (file: string, first: (cell: string) => boolean): string[] =>
  guide(file)
    .split('\n')
    .filter((line) => line.startsWith('| ') && first(line.split('|')[1]?.trim() ?? ''));

describe('the guides tell of everything that there is', () => {
  test('every rule, with its number as it comes', () => {
    const told = RULE_KEYS.map((key) => {
      const { severity, about, bad, unit, defaults } = INCIDENT_RULES[key];
      const number = bad === 'state' ? '' : `${bad === 'above' ? '≥' : '≤'} ${defaults.threshold.toLocaleString('en')} ${unit}`;
      return `| \`${key}\` | ${severity} | ${about} | ${number} | ${defaults.forSeconds} s |`;
    });
    assert.deepEqual(
      rows('notifications.md', (cell) => RULE_KEYS.some((key) => cell === `\`${key}\``)),
      told,
    );
  });

  test('every runbook that comes with the console, in the words of its summary', () => {
    const folder = path.join(root, 'lib/server/runbooks/builtin');
    const told = fs
      .readdirSync(folder)
      .filter((file) => file.endsWith('.md'))
      .sort()
      .map((file) => {
        const text = fs.readFileSync(path.join(folder, file), 'utf8');
        return `| \`${path.basename(file, '.md')}\` | ${/^summary: (.*)$/m.exec(text)?.[1]} |`;
      });
    const keys = told.map((row) => row.split('|')[1]?.trim());
    assert.deepEqual(
      rows('runbook-authoring.md', (cell) => keys.includes(cell)),
      told,
    );
  });

  test('every kind of step that a runbook may have', () => {
    const [, kinds = ''] = guide('runbook-authoring.md').split('\n## Kinds\n');
    const [table = ''] = kinds.split('\n## ');
    assert.deepEqual(
      STEP_KINDS.filter((kind) => !table.includes(`\`${kind}\``)),
      [],
    );
  });

  test('every page of the sidebar, in its order, with the key that leads there', () => {
    const pages = [...MAIN_NAV, ...GOVERN_NAV];
    const told = rows('concepts.md', (cell) => pages.some(({ label }) => cell === `**${label}**`));
    assert.deepEqual(
      told.map((row) =>
        row
          .split('|')
          .slice(1, 3)
          .map((cell) => cell.trim()),
      ),
      pages.map(({ label, go }) => [`**${label}**`, go === undefined ? '' : `\`g\` \`${go}\``]),
    );
  });
});
