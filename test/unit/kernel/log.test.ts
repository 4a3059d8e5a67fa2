import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

/** What one line of code logs, in a process of its own: pino writes to the file descriptor itself. */
function logged(code: string): Record<string, unknown>[] {
  const text = `import { createLog, requestScope } from '#server/kernel/log.ts'; const log = createLog({ level: 'trace', pretty: false }); ${code}`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', text], { encoding: 'utf8' });
  assert.equal(stderr, '');
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

test('what is written for a request carries its id, also later and by what it set going; what is not, does not', () => {
  const lines = logged(`
    log.info('before');
    requestScope.run({ request: 'q_1' }, () => { log.info('in it'); setTimeout(() => log.info('later'), 5); });
    log.info('after');`);
  const told = Object.fromEntries(lines.map(({ msg, request }) => [msg, request]));
  assert.deepEqual(told, { before: undefined, 'in it': 'q_1', after: undefined, later: 'q_1' });
});

test('a field that is called like a secret is not written, up to two objects deep', () => {
  const lines = logged(
    `log.info({ password: 'canary', channel: { secret: 'canary', target: { apiKey: 'canary', url: 'u' } }, headers: { authorization: 'canary', cookie: 'canary' } }, 'x');`,
  );
  assert.ok(!JSON.stringify(lines).includes('canary'), JSON.stringify(lines));
  assert.ok(JSON.stringify(lines).includes('"url":"u"'));
});
