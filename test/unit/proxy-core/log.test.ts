import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, test } from 'node:test';
import { Log, type LogLevel } from '../../../proxy-core/src/log.ts';

function logTo(level: LogLevel, format: 'json' | 'text', write = (_chunk: Buffer, done: () => void) => done()) {
  const lines = { out: '', err: '' };
  const stream = (name: 'out' | 'err') =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines[name] += chunk.toString();
        write(chunk, done);
      },
    });
  return { log: new Log({ level, format, out: stream('out'), err: stream('err') }), lines };
}

describe('the log', () => {
  test('is JSON lines: errors and warnings on stderr, the rest on stdout, nothing below its level', () => {
    const { log, lines } = logTo('info', 'json');
    log.error('e', { n: 1 });
    log.warn('w "quoted"');
    log.info('i', { name: 'a\nb', none: undefined, empty: null });
    log.debug('d');
    log.flush();
    const read = (text: string) =>
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
    assert.deepEqual(
      read(lines.err).map(({ level, msg, n }) => [level, msg, n]),
      [
        ['error', 'e', 1],
        ['warn', 'w "quoted"', undefined],
      ],
    );
    assert.deepEqual(
      read(lines.out).map(({ time: _, ...rest }) => rest),
      [{ level: 'info', msg: 'i', name: 'a\nb', empty: null }],
    );
  });

  test('as text keeps one event on one line, whatever a client sent', () => {
    const { log, lines } = logTo('info', 'text');
    log.info('connection', { name: 'a\nb c', bytes: 3 });
    log.flush();
    assert.match(lines.out, /^\S+ info connection name="a\\nb c" bytes=3\n$/);
  });

  test('takes a new level and format while running', () => {
    const { log, lines } = logTo('error', 'json');
    log.info('no');
    log.configure('debug', 'text');
    log.debug('yes');
    log.flush();
    assert.match(lines.out, /^\S+ debug yes\n$/);
  });

  test('drops and counts lines when its reader does not read, and memory stays bounded', () => {
    const { log } = logTo('info', 'json', () => {});
    const line = 'x'.repeat(1000);
    for (let i = 0; i < 20_000; i += 1) log.info(line);
    assert.ok(log.dropped > 10_000, `${log.dropped} dropped`);
  });
});
