import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { fuzz } from '../../fuzz/engine.ts';
import { TARGETS } from '../../fuzz/targets.ts';

/** The suite `fuzz` takes a minute; here it is the saved corpus that counts. */
const SECONDS = 3;
const MIB = 1_048_576;

test('hostile bytes: no parser throws, hangs, or reads differently in pieces than at once', () => {
  const { inputs, findings, covered } = fuzz({ seed: Math.floor(Date.now() / 86_400_000), seconds: SECONDS });
  assert.deepEqual(
    findings.map(({ target, message, input }) => `${target}: ${message} ${input.toString('base64').slice(0, 2000)}`),
    [],
  );
  assert.ok(inputs > 0);
  // The saved corpus alone runs nearly all of it.
  assert.ok(covered.charactersRun / covered.characters > 0.9, `${covered.charactersRun} of ${covered.characters} characters run`);
});

test('hostile bytes: what a parser holds goes away with it', () => {
  const script = `
    import { fuzz } from ${JSON.stringify(path.resolve(import.meta.dirname, '../../fuzz/engine.ts'))};
    const { heapEarly, heapLate, inputs } = fuzz({ seed: 7, inputs: 8192 });
    console.log(JSON.stringify({ heapEarly, heapLate, inputs }));`;
  const ran = spawnSync(process.execPath, ['--expose-gc', '--input-type=module-typescript', '-e', script], { encoding: 'utf8' });
  const { heapEarly, heapLate, inputs } = JSON.parse(ran.stdout);
  assert.equal(inputs, 8192, ran.stderr);
  assert.ok(heapLate < heapEarly + 16 * MIB, `${heapEarly} bytes early, ${heapLate} late`);
  assert.ok(TARGETS.length >= 8);
});
