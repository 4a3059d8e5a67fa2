import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { cpuMs } from '#test/support/cpu-time.ts';
import { readConfig } from '../../../../proxy-core/src/parse/config-file.ts';

const findings = (text: string | Buffer) =>
  readConfig(Buffer.from(text)).findings.map(({ severity, line, column, message }) => `${line}:${column} ${severity} ${message}`);
const only = (text: string | Buffer, wanted: RegExp) => {
  const found = findings(text);
  assert.equal(found.length, 1, found.join('\n'));
  assert.match(found[0] ?? '', wanted);
};

describe('config.yaml', () => {
  test('is read, and known by the hash of its bytes', () => {
    const text = '# mine\nlisten_addrs:\n  - "0.0.0.0:443" # all\n';
    const { config, findings: found, sha256 } = readConfig(Buffer.from(text));
    assert.deepEqual(config?.listen_addrs, ['0.0.0.0:443']);
    assert.deepEqual(found, []);
    assert.equal(sha256, createHash('sha256').update(text).digest('hex'));
  });

  test('that is broken is told where: no YAML, a key twice, a tab, no UTF-8, too large, empty', () => {
    only('listen_addrs: [\n  : :', /^\d:\d+ error this is not valid YAML: /);
    only('listen_addrs: ["0.0.0.0:1"]\nlisten_addrs: ["0.0.0.0:2"]\n', /^2:1 error this is not valid YAML: a key is there twice/);
    only('timeouts:\n\tidle: 3\n', /^2:1 error this is not valid YAML: .*[Tt]ab/);
    only(Buffer.from([0x61, 0xff, 0x62]), /^1:1 error the file is not UTF-8/);
    only(Buffer.alloc((1 << 20) + 1, 0x23), /^1:1 error the file has 1048577 bytes/);
    only('', /^1:1 error the file must be a map of keys/);
    only('- a\n- b\n', /^1:1 error the file must be a map of keys.*a list of 2/);
  });

  test('shows a wrong value where it stands, and a missing or empty one at its key', () => {
    only('listen_addrs: ["0.0.0.0:1"]\ntimeouts:\n  idle:   "x"\n', /^3:11 error timeouts\.idle/);
    only('listen_addrs:\n', /^1:1 error listen_addrs is missing|^1:1 error listen_addrs must be a list/);
    only('metrics: {}\n', /^1:1 error listen_addrs is missing/);
    only(
      'listen_addrs: ["0.0.0.0:1"]\nroutes:\n  - match: a\n    backends:\n      - 1.2.3.4:5\n      - nope\n',
      /^6:9 error routes\[0\]\.backends\[1\]/,
    );
  });

  test('puts errors before warnings, and shows an unknown key at the key', () => {
    assert.deepEqual(
      findings('lisen_addrs: []\nlisten_addrs: [3]\n').map((line) => line.slice(0, 16)),
      ['2:16 error liste', '1:1 warning lise'],
    );
  });

  test('of 60,000 keys is read in a moment, and the first of the findings stand for all', () => {
    const bytes = Buffer.from(`listen_addrs: ["0.0.0.0:1"]\n${Array.from({ length: 60_000 }, (_, i) => `k${i}: 1\n`).join('')}`);
    const started = cpuMs();
    const found = readConfig(bytes).findings;
    assert.ok(cpuMs() - started < 15_000, 'a search of each key among all before it takes minutes');
    assert.equal(found.length, 201);
    assert.match(found.at(-1)?.message ?? '', /^and 59800 more like these$/);
  });

  test('with an alias bomb is refused', () => {
    const bomb = Array.from(
      { length: 9 },
      (_, i) =>
        `${'abcdefghi'[i]}: &${'abcdefghi'[i]} [${
          i === 0
            ? 'x'
            : Array(9)
                .fill(`*${'abcdefghi'[i - 1]}`)
                .join()
        }]`,
    );
    only(`${bomb.join('\n')}\n`, /this YAML cannot be used/);
  });

  test('as the README shows it is good', () => {
    const readme = fs.readFileSync(path.resolve(import.meta.dirname, '../../../../proxy-core/README.md'), 'utf8');
    const block = /^```yaml\n([\s\S]*?)^```/m.exec(readme)?.[1] ?? '';
    assert.match(block, /^routes:/m);
    assert.deepEqual(findings(block), []);
  });
});
