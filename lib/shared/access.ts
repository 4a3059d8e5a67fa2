import { z } from 'zod';
import { ROLES, type Role } from './roles.ts';
import { instantSchema } from './time.ts';

export { type Permission, ROLES, type Role, roleMay } from './roles.ts';

/** Who acts: a signed-in person, an API token, or the console's own engine. */
export type Actor =
  | { kind: 'user'; id: string; name: string; role: Role }
  | { kind: 'token'; id: string; name: string; role: Role }
  | { kind: 'system'; id: 'system'; name: string; role: 'admin' };

export const setupInputSchema = z.object({
  token: z.string().min(20).max(200),
  email: z.email().max(254),
  password: z.string().min(12, 'must be 12 characters or more').max(200),
  name: z.string().min(1).max(80),
});
export const signInInputSchema = z.object({ email: z.string().max(254), password: z.string().max(200) });
export const tokenInputSchema = z.object({
  name: z.string().min(1).max(80),
  role: z.enum(ROLES),
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
});
export const createdTokenSchema = tokenSchema.extend({ token: z.string() });
export const sessionSchema = z.object({
  actor: z.object({ kind: z.enum(['user', 'token', 'system']), id: z.string(), name: z.string(), role: z.enum(ROLES) }),
  demo: z.boolean(),
});
export type Session = z.infer<typeof sessionSchema>;
