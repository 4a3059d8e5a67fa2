import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { describe, test } from 'node:test';
import { z } from 'zod';
import type { Actor } from '#shared/access.ts';
import type { PasskeyProof } from '#shared/account.ts';
import { testAccess, withCode } from '#test/support/access.ts';

const PASSWORD = 'correct horse battery staple';
const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest();
const asked = z.object({ options: z.object({ challenge: z.string() }), cookie: z.string() });

/** A device with one key, made for localhost: its credential, and what it answers to a challenge. */
function device(origin: string) {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const [head, middle] = [Buffer.from('a5010203262001215820', 'hex'), Buffer.from('225820', 'hex')];
  const cose = Buffer.concat([head, Buffer.from(x, 'base64url'), middle, Buffer.from(y, 'base64url')]);
  const id = randomBytes(16).toString('base64url');
  let counter = 0;
  return {
    row: {
      id,
      publicKey: cose.toString('base64url'),
      counter: 0,
      transports: '[]',
      rpId: 'localhost',
      name: 'key',
      createdAt: 0,
      lastUsedAt: null,
    },
    answer(challenge: string, count = ++counter): PasskeyProof {
      const client = Buffer.from(JSON.stringify({ type: 'webauthn.get', challenge, origin, crossOrigin: false }));
      const number = Buffer.alloc(4);
      number.writeUInt32BE(count);
      const data = Buffer.concat([sha256('localhost'), Buffer.from([0x05]), number]);
      const signature = sign('sha256', Buffer.concat([data, sha256(client)]), privateKey);
      const response = { clientDataJSON: client.toString('base64url'), authenticatorData: data.toString('base64url') };
      return {
        ...{ id, rawId: id, type: 'public-key', clientExtensionResults: {} },
        response: { ...response, signature: signature.toString('base64url') },
      };
    },
  };
}

describe('a passkey is its owner’s', () => {
  test('nobody makes another person’s session fresh by a passkey of their own', async (t) => {
    const { access, db, command } = await testAccess(t, {
      HEADROOM_ADMIN_EMAIL: 'victor@example.com',
      HEADROOM_ADMIN_PASSWORD: PASSWORD,
    });
    await access.prepare();
    const host = new Headers({ host: 'localhost:3000' });
    const person = async (email: string) => db.selectFrom('user').selectAll().where('email', '=', email).executeTakeFirstOrThrow();
    const victim = await person('victor@example.com');
    const system: Actor = { kind: 'system', id: 'system', name: 'test', role: 'admin' };
    await command(system, access.userVerbs.invite, { email: 'mallory@example.com', name: 'Mallory', role: 'viewer' });
    const mallory = await person('mallory@example.com');
    const [victims, mallorys] = [device('http://localhost:3000'), device('http://localhost:3000')];
    await db
      .insertInto('passkeys')
      .values([
        { ...victims.row, userId: victim.id },
        { ...mallorys.row, userId: mallory.id },
      ])
      .execute();
    const session = (userId: string, id: string): Actor => ({
      ...{ kind: 'user', id: userId, name: userId, role: 'admin' },
      session: { id, since: 0, enrolled: true, factorAt: null },
    });
    const [stolen, own] = [session(victim.id, 's_victim'), session(mallory.id, 's_mallory')];
    const shown = () =>
      db.selectFrom('audit').select('seq').where('action', '=', 'session.second-factor').where('result', '=', 'ok').execute();
    const ask = async (actor: Actor) => {
      const { options, cookie } = asked.parse(await access.askStepUp(actor, host));
      return { challenge: options.challenge, headers: new Headers({ host: 'localhost:3000', cookie: cookie.split(';')[0] ?? '' }) };
    };

    const foreign = await ask(own);
    await assert.rejects(
      access.stepUpByPasskey(stolen, mallorys.answer(foreign.challenge), foreign.headers, '10.0.0.1'),
      withCode('auth.passkey-refused'),
    );
    assert.deepEqual(await shown(), []);

    const right = await ask(stolen);
    await access.stepUpByPasskey(stolen, victims.answer(right.challenge, 7), right.headers, '10.0.0.1');
    assert.equal((await shown()).length, 1);
    // an answer is good once, and a device that counts back is a copy
    await assert.rejects(
      access.stepUpByPasskey(stolen, victims.answer(right.challenge, 8), right.headers, '10.0.0.1'),
      withCode('auth.sign-in-expired'),
    );
    const copy = await ask(stolen);
    await assert.rejects(
      access.stepUpByPasskey(stolen, victims.answer(copy.challenge, 6), copy.headers, '10.0.0.1'),
      withCode('auth.passkey-refused'),
    );
  });
});
