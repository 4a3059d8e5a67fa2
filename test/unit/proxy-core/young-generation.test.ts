import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { growthFactor } from '../../../proxy-core/src/young-generation.ts';

const MIB = 1024 * 1024;
const MODULE = path.resolve(import.meta.dirname, '../../../proxy-core/src/young-generation.ts');

test('a young generation may grow back to 16 MiB in one step, and never further', () => {
  assert.deepEqual(
    [1, 2, 4, 8, 16, 32, 128].map((mib) => growthFactor(mib * MIB)),
    [8, 8, 4, 2, 1, 1, 1],
  );
  for (let size = 2 * MIB; size <= 16 * MIB; size += 100_000) assert.ok(size * growthFactor(size) <= 16 * MIB);
});

/** MiB of the young generation of a new process, which begins with 1, after traffic of which nothing survives. */
function grownTo(accepted: string): number {
  const program = `
    import v8 from 'node:v8';
    import { tendYoungGeneration } from ${JSON.stringify(MODULE)};
    let came = 0;
    let last;
    const mib = () => v8.getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size / ${MIB};
    tendYoungGeneration(() => ${accepted});
    for (let turn = 0; turn < 300 && mib() < 8; turn += 1) {
      came += 60;
      for (let n = 0; n < 5000; n += 1) last = { n, turn };
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    process.stdout.write(String(mib()));
    process.exit(0);`;
  return Number(execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }));
}

test('it grows when traffic comes of which nothing survives, and not without traffic', () => {
  assert.ok(grownTo('came') >= 8);
  assert.ok(grownTo('0') <= 4);
});
