import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { backendNames } from '#server/xray/backend-names.ts';

const named = (text: string) => backendNames(Buffer.from(text));
const CONFIG = `
listen: ["0.0.0.0:443"]
routes:
  - match: app.example.com
    backends: ["10.0.0.5:443", "10.0.0.6"]
  - match: [a.example.com, b.example.com, c.example.com]
    backends: ["10.0.0.7:8443"]
  - match: "*"
    dial: requested
  - match: v6.example.com
    backends: ["[2001:db8::1]:443", "app.internal:443"]
`;

describe('the names behind an upstream', () => {
  test('are those that config.yaml routes to its address; a backend without a port is one on 443', () => {
    const of = named(CONFIG);
    assert.equal(of('10.0.0.5:443'), 'app.example.com');
    assert.equal(of('10.0.0.6:443'), 'app.example.com');
    assert.equal(of('10.0.0.7:8443'), 'a.example.com, b.example.com and 1 more');
    assert.equal(of('[2001:db8::1]:443'), 'v6.example.com');
  });

  test('are none where no address matches: another port, a resolved name, a file that is no YAML, none at all', () => {
    for (const peer of ['10.0.0.5:80', '192.0.2.1:443', 'app.internal']) assert.equal(named(CONFIG)(peer), null);
    assert.equal(named('routes: [')('10.0.0.5:443'), null);
    assert.equal(named('routes: none')('10.0.0.5:443'), null);
    assert.equal(backendNames(null)('10.0.0.5:443'), null);
  });

  test('never fail, whatever the file holds', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 300 }), fc.json()), (text) => {
        assert.equal(named(text)('10.0.0.5:443'), null);
      }),
      { numRuns: 200 },
    );
    const bomb = `a: &a [x, x]\n${[...'bcdefghij'].map((k, i) => `${k}: &${k} [${Array(9).fill(`*${'abcdefghij'[i]}`).join()}]`).join('\n')}\nroutes: *j`;
    assert.equal(named(bomb)('10.0.0.5:443'), null);
  });
});
