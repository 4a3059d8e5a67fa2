import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { generate } from 'selfsigned';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import type { ChannelDraft } from '#shared/notify.ts';
import { testConsole } from '#test/support/console.ts';
import { until } from '#test/support/until.ts';
import { addChannel, alertOf, say } from './rig.ts';

type Mail = { secure: boolean; user: string | null; from: string; to: string[]; text: string };

/** A mail server that takes mail after STARTTLS and a sign-in, unless said otherwise. */
async function mailServer(t: TestContext, options: SMTPServerOptions = {}) {
  const made = await generate([{ name: 'commonName', value: 'localhost' }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  });
  const mails: Mail[] = [];
  const server = new SMTPServer({
    ...{ key: made.private, cert: made.cert, authOptional: false, logger: false },
    onAuth: ({ username, password }, _, done) =>
      password === 'letmein' ? done(null, { user: username }) : done(new Error('wrong password')),
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        const from = mailFrom === false ? '' : mailFrom.address;
        const text = Buffer.concat(chunks).toString('utf8');
        mails.push({ secure: session.secure, user: String(session.user), from, to: rcptTo.map((r) => r.address), text });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => undefined);
  const port = await new Promise<number>((resolve) => {
    const listening = server.listen(0, '127.0.0.1', () => {
      const address = listening.address();
      resolve(address !== null && typeof address === 'object' ? address.port : 0);
    });
  });
  t.after(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { mails, port, certificate: made.cert };
}

const mailTo = (port: number, caCertificate: string): ChannelDraft => ({
  ...{ name: 'mail', allowPrivate: true, secret: 'letmein' },
  target: {
    kind: 'email',
    host: 'localhost',
    port,
    user: 'headroom',
    from: 'headroom@example.com',
    to: ['oncall@example.com', 'sre@example.com'],
    caCertificate,
  },
});

describe('mail', () => {
  test('goes over STARTTLS to everybody, with one Message-ID per change and one thread per alert', async (t) => {
    const { runtime } = await testConsole(t);
    runtime.notify.start();
    const { mails, port, certificate } = await mailServer(t);
    await addChannel(runtime, mailTo(port, certificate));
    await say(runtime, alertOf());
    await say(runtime, alertOf({ state: 'resolved', endsAt: Date.now(), text: 'the slope is gone' }));
    await until('two mails', () => mails.length === 2);
    const [first, second] = mails;
    assert.ok(first && second);
    assert.deepEqual(
      [first.secure, first.user, first.from, first.to],
      [true, 'headroom', 'headroom@example.com', ['oncall@example.com', 'sre@example.com']],
    );
    assert.match(first.text, /^Subject: \[critical\] INC-1 edge-01 leaks\r$/m);
    assert.match(second.text, /^Subject: \[resolved\] INC-1 edge-01 leaks\r$/m);
    const header = (mail: Mail, name: string) => new RegExp(`^${name}: (<.*>)\r$`, 'im').exec(mail.text)?.[1];
    assert.equal(header(first, 'In-Reply-To'), header(second, 'In-Reply-To'));
    assert.notEqual(header(first, 'Message-ID'), header(second, 'Message-ID'));
    assert.match(second.text, /the slope is gone/);
    assert.match(second.text, new RegExp(`${runtime.config.url}/incidents/in_1`));
  });

  test('is not sent in clear text, to a certificate that nobody vouches for, or with a wrong password: the test says so in words', async (t) => {
    const { runtime } = await testConsole(t);
    const clear = await mailServer(t, { disabledCommands: ['STARTTLS'] });
    const tls = await mailServer(t);
    const names = ['clear', 'unknown', 'password'] as const;
    const drafts = [mailTo(clear.port, clear.certificate), mailTo(tls.port, ''), { ...mailTo(tls.port, tls.certificate), secret: 'wrong' }];
    const said: string[] = [];
    for (const [i, draft] of drafts.entries()) {
      const id = await addChannel(runtime, { ...draft, name: names[i] ?? '' });
      const tested = await runtime.notify.test(id, 'ana');
      assert.equal(tested.ok, false, tested.sentence);
      said.push(tested.sentence);
    }
    assert.match(said[0] ?? '', /offers no STARTTLS/);
    assert.match(said[1] ?? '', /certificate that is not believed/);
    assert.match(said[2] ?? '', /answered 535/);
    assert.equal(said.join().includes('wrong password wrong'), false);
    assert.deepEqual([...clear.mails, ...tls.mails], []);
  });
});
