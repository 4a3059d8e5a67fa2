import { z } from 'zod';
import { nameSchema, passwordSchema, sessionSchema } from './access.ts';
import { ROLES } from './roles.ts';
import { instantSchema } from './time.ts';

/** How a person came in. */
export const SIGN_IN_WAYS = ['password', 'passkey', 'oidc', 'link', 'setup', 'demo'] as const;

/** A one-time link: to make an account usable, to set a password anew, to take a lost second factor off. */
export const LINK_KINDS = ['invite', 'password', 'second-factor'] as const;
export type LinkKind = (typeof LINK_KINDS)[number];

/** Done, or what is to come: the second factor that this person has. */
export const signInAnswerSchema = z.union([
  sessionSchema,
  z.object({ secondFactor: z.object({ totp: z.boolean(), passkey: z.boolean() }) }),
]);
export type SignInAnswer = z.infer<typeof signInAnswerSchema>;

export const signInMethodsSchema = z.object({
  /** the name of the provider, where one is configured */
  oidc: z.string().nullable(),
  /** passkeys need a name in the address, not a number */
  passkeys: z.boolean(),
});
/** of an authenticator app, or a recovery code */
export const codeInputSchema = z.object({ code: z.string().trim().min(6).max(40) });

const base64url = z
  .string()
  .regex(/^[A-Za-z0-9_-]*$/)
  .max(8192);
const credential = {
  id: base64url.min(1).max(1400),
  rawId: base64url.min(1).max(1400),
  type: z.literal('public-key'),
  authenticatorAttachment: z.enum(['cross-platform', 'platform']).optional().catch(undefined),
  clientExtensionResults: z.object({}),
};
/** What the browser gives after navigator.credentials.get, WebAuthn section 5.1. */
export const passkeyProofSchema = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: base64url,
    authenticatorData: base64url,
    signature: base64url,
    userHandle: base64url.optional().catch(undefined),
  }),
});
export type PasskeyProof = z.infer<typeof passkeyProofSchema>;
/** What it gives after navigator.credentials.create. */
export const newPasskeySchema = z.object({
  name: nameSchema,
  response: z.object({
    ...credential,
    response: z.object({
      clientDataJSON: base64url,
      attestationObject: base64url,
      transports: z.array(z.string().max(40)).max(10).optional(),
    }),
  }),
});
export type NewPasskey = z.infer<typeof newPasskeySchema>;

export const passkeySchema = z.object({ id: z.string(), name: z.string(), createdAt: instantSchema, lastUsedAt: instantSchema.nullable() });
export const ownAccountSchema = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string(),
  role: z.enum(ROLES),
  hasPassword: z.boolean(),
  /** since when; null: none */
  totpSince: instantSchema.nullable(),
  recoveryCodesLeft: z.number().int(),
  passkeys: z.array(passkeySchema),
  /** whether this address can have passkeys */
  passkeysHere: z.boolean(),
});
export type OwnAccount = z.infer<typeof ownAccountSchema>;

export const accountInputSchema = z.object({ name: nameSchema });
export const passwordInputSchema = z.object({ current: z.string().max(200), next: passwordSchema });
/** The secret is shown for who cannot scan; `uri` is what the QR code says. */
export const newTotpSchema = z.object({ secret: z.string(), uri: z.string() });
export const recoveryCodesSchema = z.object({ recoveryCodes: z.array(z.string()) });
export const addedPasskeySchema = z.object({ id: z.string(), recoveryCodes: z.array(z.string()).nullable() });

export const signedInSessionSchema = z.object({
  id: z.string(),
  current: z.boolean(),
  way: z.enum(SIGN_IN_WAYS),
  /** null: not known */
  address: z.string().nullable(),
  userAgent: z.string().nullable(),
  createdAt: instantSchema,
  seenAt: instantSchema,
  expiresAt: instantSchema,
});
export type SignedInSession = z.infer<typeof signedInSessionSchema>;
export const sessionListSchema = z.object({ sessions: z.array(signedInSessionSchema) });

export const inviteInputSchema = z.object({ email: z.email('an e-mail address').max(254), name: nameSchema, role: z.enum(ROLES) });
export const userChangeSchema = z
  .object({ name: nameSchema.optional(), role: z.enum(ROLES).optional(), disabled: z.boolean().optional() })
  .refine((change) => Object.values(change).some((value) => value !== undefined), 'name, role or disabled should be given');
export const userSchema = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string(),
  role: z.enum(ROLES),
  /** invited: has no way to sign in yet */
  state: z.enum(['active', 'invited', 'disabled']),
  ways: z.object({ password: z.boolean(), totp: z.boolean(), passkeys: z.number().int(), oidc: z.boolean() }),
  /** its role comes from the provider's groups */
  managed: z.boolean(),
  sessions: z.number().int(),
  seenAt: instantSchema.nullable(),
  createdAt: instantSchema,
});
export type User = z.infer<typeof userSchema>;
export const userListSchema = z.object({ users: z.array(userSchema) });
export const oneTimeLinkSchema = z.object({ link: z.string(), kind: z.enum(LINK_KINDS), expiresAt: instantSchema });
export type OneTimeLink = z.infer<typeof oneTimeLinkSchema>;
export const invitedSchema = z.object({ user: userSchema, link: oneTimeLinkSchema });
export const newLinkInputSchema = z.object({ kind: z.enum(LINK_KINDS) });

export const linkTokenSchema = z.object({ token: z.string().min(20).max(200) });
export const linkFacesSchema = z.object({ kind: z.enum(LINK_KINDS), email: z.string(), name: z.string(), hasPassword: z.boolean() });
/** `password`: the new one of an invitation or a reset; the present one where the second factor is taken off. */
export const redeemLinkSchema = linkTokenSchema.extend({ password: z.string().max(200).optional() });
