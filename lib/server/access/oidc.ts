import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  discovery,
  fetchUserInfo,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import { z } from 'zod';
import type { OidcConfig } from '#server/kernel/config.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { ROLES, type Role } from '#shared/roles.ts';
import type { Challenges } from './challenges.ts';

const WAIT_SECONDS = 8;
const startedSchema = z.object({ verifier: z.string(), state: z.string(), nonce: z.string(), next: z.string() });
const claimsSchema = z.looseObject({
  sub: z.string().min(1).max(255),
  email: z.string().max(254).optional(),
  email_verified: z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]).optional(),
  name: z.string().optional(),
});

/** Who the provider says that it is. `role`: what the groups give, null when none of them is known here. */
export type OidcPerson = { issuer: string; subject: string; email: string; name: string; role: Role | null };
export type Oidc = ReturnType<typeof createOidc>;

/** OpenID Connect, authorization code flow with PKCE, state and nonce. The provider is asked for what it can when somebody first comes in by it. */
export function createOidc(deps: { config: OidcConfig; url: string; challenges: Challenges }) {
  const { config, challenges } = deps;
  const redirectUri = `${deps.url}/api/v1/auth/oidc/callback`;
  let known: Promise<Configuration> | null = null;
  const provider = (): Promise<Configuration> => {
    known ??= discover(config).catch((error) => {
      known = null;
      throw failed(`${config.issuer} does not answer as an OpenID provider: ${error instanceof Error ? error.message : error}`, error);
    });
    return known;
  };

  return {
    name: config.name,

    /** Where to send the browser, and the cookie that ties its answer to it. */
    async start(next: string): Promise<{ location: string; cookie: string }> {
      const found = await provider();
      const started = { verifier: randomPKCECodeVerifier(), state: randomState(), nonce: randomNonce(), next };
      const location = buildAuthorizationUrl(found, {
        redirect_uri: redirectUri,
        scope: config.scope,
        code_challenge: await calculatePKCECodeChallenge(started.verifier),
        code_challenge_method: 'S256',
        state: started.state,
        nonce: started.nonce,
      });
      return { location: location.href, cookie: await challenges.open('oidc', { userId: null, value: JSON.stringify(started) }) };
    },

    /** Who came back. `query`: of the callback, with its question mark. */
    async finish(query: string, headers: Headers): Promise<{ person: OidcPerson; next: string }> {
      const challenge = await challenges.take(headers, 'oidc');
      if (!challenge)
        throw new HeadroomError('auth.sign-in-expired', 'this answer of the provider belongs to no sign-in of this browser: begin again');
      const { verifier, state, nonce, next } = startedSchema.parse(JSON.parse(challenge.value));
      const found = await provider();
      try {
        const tokens = await authorizationCodeGrant(found, new URL(redirectUri + query), {
          pkceCodeVerifier: verifier,
          expectedState: state,
          expectedNonce: nonce,
          idTokenExpected: true,
        });
        const idToken = tokens.claims();
        const more =
          idToken && found.serverMetadata().userinfo_endpoint ? await fetchUserInfo(found, tokens.access_token, idToken.sub) : undefined;
        const person = personOf(config, { ...more, ...idToken });
        return { person, next };
      } catch (error) {
        if (error instanceof Error && error.name === 'HeadroomError') throw error;
        throw failed(`the sign-in at ${config.name} was not finished: ${error instanceof Error ? error.message : error}`, error);
      }
    },
  };
}

const failed = (detail: string, cause: unknown) => new HeadroomError('auth.provider-failed', detail, { cause });

function discover(config: OidcConfig): Promise<Configuration> {
  const insecure = config.issuer.startsWith('http:');
  return discovery(new URL(config.issuer), config.clientId, config.clientSecret, undefined, {
    timeout: WAIT_SECONDS,
    // The settings allow http for this machine's own addresses alone.
    ...(insecure && { execute: [allowInsecureRequests] }),
  });
}

function personOf(config: OidcConfig, claims: unknown): OidcPerson {
  const parsed = claimsSchema.safeParse(claims);
  const { sub, email, email_verified: verified, name } = parsed.data ?? {};
  if (sub === undefined || !email)
    throw new HeadroomError('auth.provider-refused', `${config.name} gave no e-mail: the client needs the scope email there`);
  if (verified !== true)
    throw new HeadroomError('auth.provider-refused', `${config.name} has not verified the e-mail ${email}: have it verified there first`);
  return {
    issuer: config.issuer,
    subject: sub,
    email: email.toLowerCase(),
    name: name || email,
    role: roleOf(config, parsed.data?.[config.roleClaim]),
  };
}

/** The highest that the groups give. */
function roleOf(config: OidcConfig, claim: unknown): Role | null {
  const groups = typeof claim === 'string' ? [claim] : Array.isArray(claim) ? claim.filter((group) => typeof group === 'string') : [];
  const roles = config.roles.filter(({ group }) => groups.includes(group)).map(({ role }) => ROLES.indexOf(role));
  return roles.length === 0 ? null : (ROLES[Math.max(...roles)] ?? null);
}
