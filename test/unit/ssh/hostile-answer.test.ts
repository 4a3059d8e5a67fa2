import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Response } from '#server/scrape/response.ts';
import { readValue } from '#server/scrape/series-text.ts';
import { parseAnswer, seriesLine, toMoment } from '#server/ssh/answer.ts';
import { processStart } from '#server/ssh/probe.ts';
import { MARK } from '#server/ssh/scripts/prelude.ts';
import { parseXray } from '#server/ssh/xray.ts';
import { backendNames } from '#server/xray/backend-names.ts';
import { toInstant } from '#shared/time.ts';

// What a node that was taken over says, up to the most that is read of it.

const MIB = 1024 * 1024;
const saying = (text: string) => parseAnswer(Buffer.from(`${MARK}\n${text}`));

describe('the answer of a node that was taken over', () => {
  test('costs its length, however often it says one thing', () => {
    const started = performance.now();
    const answer = saying('a=\n'.repeat((4 * MIB) / 3));
    // copied each time, 64 KiB took 13 s, and this would take a day
    assert.ok(performance.now() - started < 20_000);
    assert.equal(answer?.all('a').length, Math.floor((4 * MIB) / 3));
    const many = saying(Array.from({ length: 200_000 }, (_, i) => `k${i}=${i}\n`).join(''));
    assert.equal(many?.first('k199999'), '199999');
    const groups = saying(`now=1\npid=1\nstart=1\nstart=1\n${'g=1 tcp 01 - -\n'.repeat(100_000)}total=100000\n`);
    assert.ok(groups && parseXray(groups));
    assert.ok(performance.now() - started < 40_000);
  });

  test('is looked through once, where one pattern would be tried in many ways', async () => {
    const started = performance.now();
    const times = saying(`now=1\npid=1\nstart=1\nstart=1\ng=1 tcp 01 - -\ntotal=1\ntimes=\n0m0s 0m0s\n${'1'.repeat(3 * MIB)}`);
    assert.ok(times && parseXray({ ...times, rest: Buffer.from(`\n${'1'.repeat(3 * MIB)}`) }));
    const label = `sha256="${'a'.repeat(64)}"`;
    const page = Buffer.from(`sniproxy_config_info{${label.repeat(50_000)}\n`);
    assert.equal(seriesLine(page, 'sniproxy_config_info'), '');
    assert.equal(seriesLine(Buffer.from('xsniproxy_a{b="c"} 1\nsniproxy_a{b="d"} 1'), 'sniproxy_a'), '{b="d"} 1');
    backendNames(Buffer.from(Array.from({ length: 90_000 }, (_, i) => `k${i}: 1`).join('\n')));
    for (const line of [`a:${' '.repeat(16_000)}\x01`, `a: b${' '.repeat(15_000)}\x01`, `${'a'.repeat(16_000)}\x01`])
      assert.throws(() =>
        new Response(() => ({ onChunk: () => undefined, onEnd: () => 0 })).push(
          Buffer.from(`HTTP/1.1 200 OK\r\n${line}\r\n\r\n`, 'latin1'),
        ),
      );
    assert.equal(readValue(`${'1'.repeat(16_000)}x`), undefined);
    assert.ok(performance.now() - started < 20_000, 'a field of 16 KB took a quarter of an hour, the second line of times(1) three hours');
  });

  test('tells no time that cannot be written', () => {
    const never = '9'.repeat(16);
    const answer = saying(`hz=1\nbtime=${never}\nstat=1 (x) ${`${never} `.repeat(30)}\n`);
    assert.ok(answer);
    assert.match(toInstant(processStart(answer) ?? -1), /^\+275760/);
    for (const ms of [Number(never) * 1000, -Number(never), 1.5]) assert.ok(toInstant(toMoment(ms)));
  });
});
