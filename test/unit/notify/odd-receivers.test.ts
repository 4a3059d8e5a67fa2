import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { assertTaken, post, SendFailure } from '#server/notify/reach.ts';
import { sendEmail } from '#server/notify/senders/email.ts';

const REACH = { allowPrivate: true, caCertificate: '' };
type Outcome = { taken: string } | { again: boolean; words: string };

async function listen(t: TestContext, talk: (socket: net.Socket) => void): Promise<number> {
  const sockets: net.Socket[] = [];
  const server = net.createServer((socket) => {
    sockets.push(socket.on('error', () => undefined));
    talk(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

async function outcomeOf(work: Promise<string>): Promise<Outcome> {
  try {
    return { taken: await work };
  } catch (error) {
    assert.ok(error instanceof SendFailure, String(error));
    return { again: error.again, words: error.message.replace(/^127\.0\.0\.1:\d+ /, '') };
  }
}

/** What is made of a receiver that does this once it was asked. `stop`: the sending is ended when the answer has begun to arrive. */
async function posted(t: TestContext, answer: (socket: net.Socket) => void, options: { scheme?: string; stop?: boolean } = {}) {
  const stopping = new AbortController();
  const port = await listen(t, (socket) => socket.once('data', () => answer(socket)));
  const asked = post(`${options.scheme ?? 'http'}://127.0.0.1:${port}/`, '{}', {}, REACH, stopping.signal);
  if (options.stop) setTimeout(() => stopping.abort(new Error('the console stops')), 200);
  return outcomeOf(
    asked.then((said) => {
      assertTaken('it', said);
      return said.body;
    }),
  );
}

describe('receivers that break off', { timeout: 20_000 }, () => {
  const begun = 'HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n';

  test('what was answered 2xx is taken, whatever becomes of the body: nothing is told twice for it', async (t) => {
    assert.deepEqual(await posted(t, (socket) => socket.end(begun)), { taken: '' }, 'closed after the headers');
    const reset = (socket: net.Socket) => socket.write(`${begun}ok`, () => setTimeout(() => socket.resetAndDestroy(), 20));
    assert.deepEqual(await posted(t, reset), { taken: 'ok' }, 'reset in the body');
    const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n';
    assert.deepEqual(await posted(t, (socket) => socket.write(chunked)), { taken: '' }, 'a body that is none');
    assert.deepEqual(await posted(t, (socket) => socket.write(`${begun}o`), { stop: true }), { taken: 'o' }, 'a body that never ends');
  });

  test('a refusal whose body never ends is that refusal', async (t) => {
    const said = await posted(t, (socket) => socket.write('HTTP/1.1 400 Bad\r\ncontent-length: 50\r\n\r\nbad key'), { stop: true });
    assert.deepEqual(said, { again: false, words: 'it answered 400: bad key' });
  });

  test('an answer that is none comes to an end at once, is tried again, and says what it was', async (t) => {
    const closed = { again: true, words: 'closed the connection without an answer' };
    assert.deepEqual(await posted(t, (socket) => socket.destroy()), closed);
    const upgrade = 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n';
    assert.deepEqual(await posted(t, (socket) => socket.write(upgrade)), closed);
    assert.deepEqual(await posted(t, (socket) => socket.end('220 mail.test\r\n')), {
      again: true,
      words: 'does not speak HTTP as it should (HPE_INVALID_CONSTANT)',
    });
    const clear = await posted(t, (socket) => socket.end('HTTP/1.1 400 Bad\r\n\r\n'), { scheme: 'https' });
    assert.match('words' in clear ? clear.words : '', /does not speak TLS as it should/);
    const headers = (socket: net.Socket) => socket.write('HTTP/1.1 200 OK\r\nx: y\r\n');
    assert.deepEqual('again' in (await posted(t, headers, { stop: true })), true, 'headers that never end');
  });
});

describe('mail servers that break off', { timeout: 20_000 }, () => {
  /** A mail server that says `odd[verb]` instead of the usual; `null` closes the connection. The end of the mail is the verb `.`. */
  async function mailed(t: TestContext, odd: Record<string, string | null>): Promise<Outcome> {
    const usual: Record<string, string> = { greeting: '220 mail.test', DATA: '354 go on', QUIT: '221 bye' };
    const port = await listen(t, (socket) => {
      let rest = '';
      let inMail = false;
      const say = (verb: string) => {
        const said = verb in odd ? odd[verb] : (usual[verb] ?? '250 ok');
        if (said === null) socket.destroy();
        else socket.write(`${said}\r\n`);
      };
      say('greeting');
      socket.on('data', (chunk) => {
        const lines = (rest + chunk).split('\r\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          if (inMail && line !== '.') continue;
          const verb = inMail ? '.' : line.startsWith('RCPT') ? line.replace(/^RCPT TO:<(.*)@.*/, 'RCPT $1') : (line.split(' ')[0] ?? '');
          inMail = verb === 'DATA' && !('DATA' in odd);
          say(verb);
        }
      });
    });
    const target = {
      ...{ kind: 'email' as const, host: '127.0.0.1', port, tls: 'none' as const, user: '', caCertificate: '' },
      ...{ from: 'h@x.test', to: ['ana@x.test', 'bo@x.test'] },
    };
    const alert = { key: 'test:1', kind: 'incident', state: 'firing', severity: 'info', title: 'A test', text: '', link: '/' } as const;
    const told = {
      ...{ id: 'dl_1', event: 'test' as const, at: 0, consoleUrl: 'http://h.test' },
      alert: { ...alert, signals: [], startsAt: new Date(0).toISOString(), endsAt: null, by: null },
    };
    const said = await outcomeOf(sendEmail({ target, secret: '', reach: REACH }, told));
    return 'taken' in said ? { taken: said.taken.replace(/^127\.0\.0\.1:\d+ /, '') } : said;
  }

  test('4xx is tried again, 5xx is not, wherever in the dialog it is said', async (t) => {
    for (const verb of ['greeting', 'MAIL', 'DATA', '.']) {
      assert.deepEqual(await mailed(t, { [verb]: '451 later' }), { again: true, words: 'answered 451 later' }, verb);
      assert.deepEqual(await mailed(t, { [verb]: '554 no' }), { again: false, words: 'answered 554 no' }, verb);
    }
  });

  test('one that drops the connection or speaks something else is tried again, in words', async (t) => {
    for (const verb of ['greeting', 'MAIL', 'DATA', '.'])
      assert.deepEqual(await mailed(t, { [verb]: null }), { again: true, words: 'closed the connection in the middle' }, verb);
    assert.deepEqual(await mailed(t, { greeting: 'HTTP/1.1 400 Bad' }), { again: true, words: 'does not speak SMTP as it should' });
  });

  test('a mail that is taken for some is not repeated to them, and says for whom it was refused and why', async (t) => {
    assert.deepEqual(await mailed(t, { 'RCPT bo': '550 no such user' }), {
      taken: 'took it for 1 of 2: 250 ok; refused for bo@x.test: 550 no such user',
    });
    assert.deepEqual(await mailed(t, { 'RCPT ana': '550 nobody', 'RCPT bo': '450 greylisted' }), {
      again: true,
      words: 'answered 450 greylisted',
    });
  });
});
