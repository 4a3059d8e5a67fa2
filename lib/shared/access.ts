import { z } from 'zod';
import { type Grant, grantSelectorProblem } from './grants.ts';
import { ROLES, type Role } from './roles.ts';
import { instantSchema } from './time.ts';

export { type Grant, type GrantSubject, mayEverywhere, mayOn, maySomewhere } from './grants.ts';
export { type Permission, ROLES, type Role } from './roles.ts';

/**
 * Who acts: a signed-in person, an API token, or the console's own engine. `role` is the highest that they hold anywhere, for words and pages; what they
 * may is decided by `mayOn`, `mayEverywhere` and `maySomewhere` alone.
 */
export type Actor =
  | ({ kind: 'user'; id: string; name: string; role: Role; session?: OwnSession } & Held)
  | ({ kind: 'token'; id: string; name: string; role: Role } & Held)
  | { kind: 'system'; id: 'system'; name: string; role: 'admin' };

/**
 * What a person is signed in by, since when (epoch ms). `factorAt`: when it showed a second factor last; `enrolled`: whether the person has one.
 */
export type OwnSession = { id: string; since: number; enrolled: boolean; factorAt: number | null };

type Held = { /** see `Holder` */ grants?: readonly Grant[] /** of a token: what its maker holds now */; within?: readonly Grant[] };

/** What a grant is good for: terms over labels, name and id. `*`, or none, is everywhere. */
export const grantSelectorSchema = z
  .string()
  .max(1000)
  .superRefine((text, context) => {
    const problem = grantSelectorProblem(text);
    if (problem !== null) context.addIssue({ code: 'custom', message: problem });
  })
  .transform((text) => (text.trim() === '*' ? null : text.trim()))
  .nullable();
export const grantInputSchema = z.object({ role: z.enum(ROLES), selector: grantSelectorSchema.default(null) });
/** `base`: the one that came with the account, which can be changed and not taken away */
export const grantSchema = z.object({
  id: z.string(),
  userId: z.string(),
  user: z.string(),
  email: z.string(),
  role: z.enum(ROLES),
  selector: z.string().nullable(),
  base: z.boolean(),
});
export const grantListSchema = z.object({ grants: z.array(grantSchema) });

export const passwordSchema = z.string().min(12, 'must be 12 characters or more').max(200);
/** No line ends, no escapes for a terminal, nothing that turns the direction of what follows; joiners belong to letters. */
const UNSEEN = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
/** A name that a provider gave, so that it may stand in logs, mails and terminals. */
export const oneLine = (text: string): string => text.replace(UNSEEN, ' ');
export const nameSchema = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(80)
  .refine((name) => name === oneLine(name), 'must be one line of characters that can be seen');
export const setupInputSchema = z.object({
  token: z.string().min(20).max(200),
  email: z.email().max(254),
  password: passwordSchema,
  name: nameSchema,
});
export const signInInputSchema = z.object({ email: z.string().max(254), password: z.string().max(200) });
export const tokenInputSchema = z.object({
  name: nameSchema,
  role: z.enum(ROLES),
  selector: grantSelectorSchema.default(null),
  expiresInDays: z.number().int().min(1).max(366).default(90),
});
export const tokenSchema = z.object({
  id: z.string(),
  name: z.string(),
  role: z.enum(ROLES),
  createdAt: instantSchema,
  expiresAt: instantSchema,
  lastUsedAt: instantSchema.nullable(),
  prefix: z.string(),
  /** where its role holds; null is everywhere */
  selector: z.string().nullable().default(null),
});
export const createdTokenSchema = tokenSchema.extend({ token: z.string() });
export const sessionSchema = z.object({
  actor: z.object({
    kind: z.enum(['user', 'token', 'system']),
    id: z.string(),
    name: z.string(),
    role: z.enum(ROLES),
    /** what is held, where; left out: `role`, everywhere */
    grants: z.array(z.object({ role: z.enum(ROLES), selector: z.string().nullable() })).optional(),
  }),
  demo: z.boolean(),
});
export type Session = z.infer<typeof sessionSchema>;
