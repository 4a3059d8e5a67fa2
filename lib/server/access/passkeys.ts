import { isIP } from 'node:net';
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { z } from 'zod';
import type { Db } from '#server/db/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import type { NewPasskey, PasskeyProof } from '#shared/account.ts';
import type { ChallengeKind, Challenges } from './challenges.ts';

type RelyingParty = { id: string; origin: string };
type Challenged = { options: unknown; cookie: string };
const transportsSchema = z.array(z.string());
const registrationSchema = z.object({ challenge: z.string(), rpId: z.string() });

/** A verified credential, ready to be kept. */
export const keptPasskeySchema = z.object({
  id: z.string(),
  publicKey: z.string(),
  counter: z.number().int(),
  transports: z.array(z.string()),
  rpId: z.string(),
});
export type KeptPasskey = z.infer<typeof keptPasskeySchema>;
export type Passkeys = ReturnType<typeof createPasskeys>;

/** WebAuthn: a passkey is a second factor of its own, because the device asks for a finger, a face or a PIN before it signs. */
export function createPasskeys(deps: { db: Db; clock: Clock; url: string; challenges: Challenges }) {
  const { db, clock, challenges } = deps;
  const partyOf = (headers: Headers): RelyingParty => {
    const party = relyingParty(deps.url, headers.get('host'));
    if (party) return party;
    throw new HeadroomError(
      'auth.no-passkeys-here',
      `passkeys belong to a name, and ${deps.url} is a number: open the console by its name, or on this machine by http://localhost`,
    );
  };

  return {
    here: (headers: Headers): boolean => relyingParty(deps.url, headers.get('host')) !== null,

    /** For navigator.credentials.get; of one person's passkeys, or of whichever the device has. */
    async ask(kind: ChallengeKind, userId: string | null, headers: Headers): Promise<Challenged> {
      const rp = partyOf(headers);
      const own =
        userId === null ? [] : await db.selectFrom('passkeys').select(['id', 'transports']).where('userId', '=', userId).execute();
      const options = await generateAuthenticationOptions({
        rpID: rp.id,
        userVerification: 'required',
        ...(own.length > 0 && { allowCredentials: own.map(({ id, transports }) => ({ id, transports: readTransports(transports) })) }),
      });
      return {
        options,
        cookie: await challenges.open(kind, { userId, value: JSON.stringify({ challenge: options.challenge, rpId: rp.id }) }),
      };
    },

    /** Whose passkey signed the challenge that `ask` gave to this browser. Throws auth.passkey-refused. */
    async prove(kind: ChallengeKind, proof: PasskeyProof, headers: Headers): Promise<{ userId: string; passkeyId: string }> {
      const rp = partyOf(headers);
      const challenge = await challenges.take(headers, kind);
      if (!challenge) throw new HeadroomError('auth.sign-in-expired', 'the question for the passkey is older than 10 min: ask again');
      const row = await db.selectFrom('passkeys').selectAll().where('id', '=', proof.id).executeTakeFirst();
      if (!row) throw refused('this console does not know the passkey: sign in with the password, or use another one');
      if (challenge.userId !== null && challenge.userId !== row.userId) throw refused('the passkey is another person’s');
      const asked = registrationSchema.parse(JSON.parse(challenge.value));
      const { newCounter } = await verified(() =>
        verifyAuthenticationResponse({
          response: withoutUndefined(proof),
          expectedChallenge: asked.challenge,
          expectedOrigin: rp.origin,
          expectedRPID: asked.rpId,
          requireUserVerification: true,
          credential: { id: row.id, publicKey: new Uint8Array(Buffer.from(row.publicKey, 'base64url')), counter: row.counter },
        }).then((done) => (done.verified ? done.authenticationInfo : null)),
      );
      await db.updateTable('passkeys').set({ counter: newCounter, lastUsedAt: clock.now() }).where('id', '=', row.id).execute();
      return { userId: row.userId, passkeyId: row.id };
    },

    /** For navigator.credentials.create. */
    async askNew(person: { id: string; name: string; email: string }, headers: Headers): Promise<Challenged> {
      const rp = partyOf(headers);
      const own = await db.selectFrom('passkeys').select(['id', 'transports']).where('userId', '=', person.id).execute();
      const options = await generateRegistrationOptions({
        rpName: 'Headroom',
        rpID: rp.id,
        userID: new Uint8Array(Buffer.from(person.id)),
        userName: person.email,
        userDisplayName: person.name,
        attestationType: 'none',
        excludeCredentials: own.map(({ id, transports }) => ({ id, transports: readTransports(transports) })),
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      });
      const value = JSON.stringify({ challenge: options.challenge, rpId: rp.id });
      return { options, cookie: await challenges.open('new-passkey', { userId: person.id, value }) };
    },

    async proveNew(userId: string, response: NewPasskey['response'], headers: Headers): Promise<KeptPasskey> {
      const rp = partyOf(headers);
      const challenge = await challenges.take(headers, 'new-passkey');
      if (challenge?.userId !== userId)
        throw new HeadroomError('auth.sign-in-expired', 'the question for the new passkey is older than 10 min: ask again');
      const asked = registrationSchema.parse(JSON.parse(challenge.value));
      const { credential } = await verified(() =>
        verifyRegistrationResponse({
          response: withoutUndefined(response),
          expectedChallenge: asked.challenge,
          expectedOrigin: rp.origin,
          expectedRPID: asked.rpId,
          requireUserVerification: true,
        }).then((done) => (done.verified ? done.registrationInfo : null)),
      );
      const { id, publicKey, counter, transports = [] } = credential;
      return { id, publicKey: Buffer.from(publicKey).toString('base64url'), counter, transports: [...transports], rpId: asked.rpId };
    },
  };
}

/** The name that passkeys of this console are made for. An IP address cannot have any; on the machine itself `localhost` can. */
export function relyingParty(url: string, host: string | null): RelyingParty | null {
  const own = new URL(url);
  const name = own.hostname.replace(/^\[|\]$/g, '');
  if (isIP(name) === 0) return { id: own.hostname, origin: own.origin };
  const loopback = name === '127.0.0.1' || name === '::1';
  if (!loopback || host?.replace(/:\d+$/, '') !== 'localhost') return null;
  return { id: 'localhost', origin: `${own.protocol}//localhost${own.port === '' ? '' : `:${own.port}`}` };
}

const readTransports = (json: string): string[] => transportsSchema.parse(JSON.parse(json));

const refused = (detail: string, cause?: unknown) => new HeadroomError('auth.passkey-refused', detail, { cause });

/** Whatever is wrong with what the browser sent, the library throws. */
async function verified<T>(check: () => Promise<T | null>): Promise<T> {
  let done: T | null;
  try {
    done = await check();
  } catch (error) {
    throw refused('what the passkey signed is not what was asked: try again', error);
  }
  if (done === null) throw refused('the passkey’s signature does not hold: try again, or use another way');
  return done;
}

/** The library's types tell "absent" from "undefined"; JSON has the first only. */
const withoutUndefined = <T extends object>(value: T): Present<T> => JSON.parse(JSON.stringify(value));
type Present<T> = T extends object ? { [K in keyof T]: Present<Exclude<T[K], undefined>> } : T;
