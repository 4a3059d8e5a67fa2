import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parseFleetFile } from '#shared/fleet-file.ts';

const root = path.resolve(import.meta.dirname, '../..');
const page = fs.readFileSync(path.join(root, 'docs/operations.md'), 'utf8');

test('the page on operations names every setting that the console reads, and no other', () => {
  const source = fs.readFileSync(path.join(root, 'lib/server/kernel/config.ts'), 'utf8');
  const read = new Set([...source.matchAll(/^ {2}(HEADROOM_[A-Z_]+|PORT|HOST):/gm)].map(([, name]) => name));
  // for the demo alone, which sets it
  read.delete('HEADROOM_DEMO');
  const told = new Set([...page.matchAll(/`(HEADROOM_[A-Z_]+|PORT|HOST)\b/g)].map(([, name]) => name));
  assert.deepEqual(
    [...read].filter((name) => !told.has(name)),
    [],
  );
  const known = [...read, 'HEADROOM_TOKEN'];
  assert.deepEqual(
    [...told].filter((name) => !known.includes(name)),
    [],
  );
});

test('the fleet file that it shows can be applied', () => {
  const example =
    page
      .split('```yaml\n')
      .find((block) => block.startsWith('nodes:'))
      ?.split('```')[0] ?? '';
  const file = parseFleetFile(example);
  assert.equal(file.nodes[0]?.name, 'edge-fra-01');
  assert.equal(file.pool.length, 1);
});
