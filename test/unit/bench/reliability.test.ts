import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { reliabilitySummary, withSummary } from '../../bench/reliability.ts';

const PAGE = `# Reliability

<!-- fleet: written by test/fleet/run.ts -->
| fault | what is kept | prepared | bare |
|---|---|---|---|
| cut | x | held (61 s) | FAILED: restarted twice |
| full | x | held (5 s) | – |

\`node test/fleet/run.ts\`, 846 s, 2026-11-24, Node
<!-- /fleet -->

<!-- chaos: written by test/chaos/run.ts -->
| what was tried | what was kept | lost | date |
|---|---|---|---|
| SIGKILL × 221 at instants by seed (1, 2) <!-- kills {} --> | all | nothing | 2026-11-25 |
| a full disk | some | 2 changes | 2026-11-25 |

\`node test/chaos/run.ts\`, Node
<!-- /chaos -->
`;
const BENCHES = `<!-- x-soak -->
\`node soak.ts\`, 2026-11-24, 2 cores.

|  | measured | target |
| --- | --- | --- |
| connections | 100 |  |
| descriptors | 24, 24, 25 | the same |
| memory | 1.1 | ≤ 1.02 |
| requests that failed | 2 | 0 |
<!-- /x-soak -->
`;

describe('the table of what was tried, survived and lost', () => {
  const rows = reliabilitySummary(PAGE, BENCHES).split('\n');
  const row = (what: string) => rows.find((line) => line.includes(what)) ?? '';

  test('counts what did not hold, whatever script wrote it', () => {
    assert.match(row('on real hosts'), /\| 3 \| 2 \| 1 \| `node test\/fleet\/run.ts` \| 2026-11-24 \|/);
    assert.match(row('SIGKILL'), /\| 221 \| 221 \| nothing \|/);
    assert.match(row('full disk'), /\| 1 \| 0 \| 2 changes \|/);
    assert.match(row('soak'), /\| 1 \| 0 \| descriptors, memory, requests that failed \|/);
  });

  test('stands above the sections, and is replaced when it is made again', () => {
    const once = withSummary(PAGE, rows.join('\n'));
    assert.ok(once.indexOf('| what | tried') < once.indexOf('<!-- fleet'));
    assert.equal(withSummary(once, rows.join('\n')), once);
  });
});
