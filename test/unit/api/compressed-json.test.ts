import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { compressedJson } from '../../../app/api/_http/compressed-json.ts';

const asked = (accept?: string) => new Request('http://127.0.0.1/', { headers: accept === undefined ? {} : { 'accept-encoding': accept } });
const large = { values: Array.from({ length: 20_000 }, (_, i) => i) };

test('a large answer is gzipped for who accepts that, and for nobody else', async () => {
  const answer = await compressedJson(asked('br, gzip;q=0.8'), large);
  assert.equal(answer.headers.get('content-encoding'), 'gzip');
  assert.deepEqual(JSON.parse(gunzipSync(Buffer.from(await answer.arrayBuffer())).toString()), large);
  for (const accept of [undefined, 'identity', 'gzip;q=0', 'br']) {
    const plain = await compressedJson(asked(accept), large);
    assert.equal(plain.headers.get('content-encoding'), null, accept);
    assert.deepEqual(await plain.json(), large);
  }
  assert.equal((await compressedJson(asked('gzip'), { small: 1 })).headers.get('content-encoding'), null);
});

test('an answer that many ask for is written once', async () => {
  let written = 0;
  const shared = {
    toJSON: () => {
      written += 1;
      return large;
    },
  };
  const answers = await Promise.all(['gzip', 'gzip', 'identity'].map((accept) => compressedJson(asked(accept), shared)));
  const [first, second, plain] = await Promise.all(answers.map(async (answer) => Buffer.from(await answer.arrayBuffer())));
  assert.ok(first && second && plain);
  assert.equal(written, 1);
  assert.deepEqual(first, second);
  assert.deepEqual(JSON.parse(gunzipSync(first).toString()), JSON.parse(plain.toString()));
});
