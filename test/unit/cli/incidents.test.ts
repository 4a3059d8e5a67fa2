import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { demoFleet, fleetNode } from '#test/support/mock-fleet.ts';
import { mockIncidents } from '#test/support/mock-incidents.ts';
import { NOW, problem, scriptedConsole } from '#test/support/scripted-console.ts';

const list = mockIncidents(
  demoFleet().map((story) => fleetNode(story, NOW - 3_600_000, NOW)),
  NOW,
  null,
);
const [first] = list.incidents;

describe('headroom incidents', () => {
  test('ls shows the open ones, --all all, and says so when there is none', async (t) => {
    const { cli, asked } = await scriptedConsole(t, { 'GET incidents': [list, list, { incidents: [], open: 0, cut: false }] });
    const { lines, code } = await cli(['incidents', 'ls']);
    assert.deepEqual([code, asked[0]?.query], [0, { status: 'open' }]);
    assert.match(lines.join('\n'), new RegExp(`^INCIDENT +SEVERITY[\\s\\S]*INC-${first?.number} +${first?.severity}`));
    assert.equal(JSON.parse((await cli(['incidents', 'ls', '--all', '--json'])).text).incidents.length, list.incidents.length);
    assert.deepEqual((await cli(['incidents', 'ls'])).lines, ['No incident is open.']);
  });

  test('ack takes the number that people say, and refuses one that is not there', async (t) => {
    const { cli, asked } = await scriptedConsole(t, {
      'GET incidents': [list],
      [`POST incidents/${first?.id}/acknowledge`]: [
        { ...first, status: 'acknowledged' },
        problem('incident.wrong-state', 'it is resolved: reopen it first'),
      ],
    });
    const { code, text } = await cli(['incidents', 'ack', `inc-${first?.number}`]);
    assert.equal(code, 0);
    assert.match(text, new RegExp(`^INC-${first?.number} is acknowledged: `));
    assert.equal((await cli(['incidents', 'ack', first?.id ?? ''])).code, 2);
    assert.deepEqual([(await cli(['incidents', 'ack', '99999'])).code, asked.at(-1)?.route], [2, 'GET incidents']);
  });
});
