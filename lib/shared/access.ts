import { z } from 'zod';
import { instantSchema } from './time.ts';

export const ROLES = ['viewer', 'operator', 'approver', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Closed list; every route and verb names one. */
export const PERMISSIONS = [
  'fleet.read',
  'node.write',
  'node.host-key',
  'config.read',
  'run.read',
  'run.start',
  'run.control',
  'run.approve',
  'runbook.read',
  'audit.read',
  'token.read',
  'token.write',
  'user.read',
  'self.read',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

const VIEWER: Permission[] = ['fleet.read', 'config.read', 'run.read', 'runbook.read', 'self.read'];
const OPERATOR: Permission[] = [...VIEWER, 'run.start', 'run.control', 'audit.read'];
const APPROVER: Permission[] = [...OPERATOR, 'run.approve'];
const GRANTS: Record<Role, readonly Permission[]> = { viewer: VIEWER, operator: OPERATOR, approver: APPROVER, admin: PERMISSIONS };

/** Nodes, host keys, tokens and users are the admin's: the console dials only what an admin registered. */
export const roleMay = (role: Role, permission: Permission): boolean => GRANTS[role].includes(permission);

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
