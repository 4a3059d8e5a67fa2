import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fleetShape, sessionShape } from '#client/first-shapes.ts';
import { sessionSchema } from '#shared/access.ts';
import { fleetSchema } from '#shared/nodes.ts';
import { demoFleet, fleetNode } from '#test/support/mock-fleet.ts';

type Place = readonly (string | number)[];
const isHolder = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Every place in an answer, the answer itself left out. */
function placesIn(value: unknown, above: Place = []): Place[] {
  if (!isHolder(value)) return [];
  return Object.entries(value).flatMap(([key, part]) => [[...above, key], ...placesIn(part, [...above, key])]);
}

/** A copy with something else at that place; undefined takes the place out. */
function withAt(value: unknown, place: Place, other: unknown): unknown {
  const copy: unknown = structuredClone(value);
  let holder = copy;
  for (const key of place.slice(0, -1)) holder = isHolder(holder) ? Reflect.get(holder, key) : undefined;
  const last = place.at(-1);
  assert.ok(isHolder(holder) && last !== undefined);
  if (other === undefined && !Array.isArray(holder)) Reflect.deleteProperty(holder, last);
  else Reflect.set(holder, last, other);
  return copy;
}

const now = Date.UTC(2026, 2, 1);
const ANSWERS = [
  {
    name: 'the fleet',
    light: fleetShape,
    full: fleetSchema,
    answer: { asOf: new Date(now).toISOString(), problem: 'the disk is full', nodes: demoFleet().map((one) => fleetNode(one, now, now)) },
  },
  {
    name: 'the session',
    light: sessionShape,
    full: sessionSchema,
    answer: {
      actor: { kind: 'user', id: 'u1', name: 'ada', role: 'admin', grants: [{ role: 'operator', selector: 'site=fra' }] },
      demo: false,
    },
  },
] as const;

for (const { name, light, full, answer } of ANSWERS)
  test(`${name} is taken and refused by the first page as the schema would, whatever is wrong where`, () => {
    const sent: unknown = JSON.parse(JSON.stringify(answer));
    assert.equal(full.safeParse(sent).success, true, 'the schema takes it');
    assert.equal(light.safeParse(sent).success, true);
    for (const place of placesIn(sent))
      for (const other of [undefined, null, 7, true, [], [{}], {}, { a: {} }]) {
        const wrong = withAt(sent, place, other);
        assert.equal(
          light.safeParse(wrong).success,
          full.safeParse(wrong).success,
          `${place.join('.')} as ${JSON.stringify(other) ?? 'nothing'}`,
        );
      }
    for (const wrong of [undefined, null, 3, 'text', [], {}]) assert.equal(light.safeParse(wrong).success, false);
  });
