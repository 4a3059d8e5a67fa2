import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { routeOf } from '#server/telemetry.ts';
import { apiGuide } from '../../scripts/api-guide.ts';
import { describeApi } from '../../scripts/openapi.ts';

const root = path.resolve(import.meta.dirname, '../..');
type Operation = { operationId: string; responses: object };
const document: { paths: Record<string, Record<string, Operation>>; components: { schemas: object } } = JSON.parse(
  fs.readFileSync(path.join(root, 'docs/openapi.json'), 'utf8'),
);
const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));

describe('the API’s document', () => {
  test('is what the routes are: after a change of one, run node scripts/openapi.ts', async () => {
    assert.equal(JSON.stringify(JSON.parse(await describeApi())), JSON.stringify(document));
  });
  test('and its guide are the same: docs/api.md is written from it', () => {
    assert.equal(fs.readFileSync(path.join(root, 'docs/api.md'), 'utf8'), apiGuide(JSON.parse(JSON.stringify(document))));
  });
  test('names every operation once, and every shape that it names is in it', () => {
    assert.ok(operations.length > 40, `${operations.length} operations`);
    const ids = operations.map((o) => o.operationId);
    assert.deepEqual(
      ids.filter((id, i) => ids.indexOf(id) !== i),
      [],
    );
    const named = [...JSON.stringify(document.paths).matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name ?? '');
    assert.deepEqual(
      [...new Set(named)].filter((name) => !(name in document.components.schemas)),
      [],
    );
  });
  test('has no route that the console’s own metrics would call unknown', () => {
    const unknown = Object.keys(document.paths).filter((p) => routeOf(p.replace(/\{\w+\}/g, 'x')) === 'unknown');
    assert.deepEqual(unknown, []);
  });
});
