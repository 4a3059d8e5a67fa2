import type { BlockList } from 'node:net';
import path from 'node:path';
import { z } from 'zod';
import { ROLES, type Role } from '#shared/roles.ts';
import { parseTrusted } from './client-address.ts';
import { DEFAULT_RETENTION_TEXT, parseRetention, type Retention } from './retention.ts';
import { parseSecretText } from './secret-text.ts';

const flag = z
  .enum(['0', '1'])
  .default('0')
  .transform((v) => v === '1');

const retention = z.string().transform((text, context): Retention => {
  const kept = parseRetention(text);
  if (kept) return kept;
  context.addIssue({ code: 'custom', message: 'no retention' });
  return z.NEVER;
});

const proxies = z.string().transform((text, context): BlockList => {
  const list = parseTrusted(text.split(',').flatMap((word) => (word.trim() === '' ? [] : [word.trim()])));
  if (list) return list;
  context.addIssue({ code: 'custom', message: 'no addresses' });
  return z.NEVER;
});

const secret = z.string().transform((text, context): Buffer => {
  const bytes = parseSecretText(text);
  if (bytes) return bytes;
  context.addIssue({ code: 'custom', message: 'no key' });
  return z.NEVER;
});

/** `sre-admins=admin,sre=operator`: groups of the sign-in provider, and the role that each gives. */
const groupRoles = z.string().transform((text, context): { group: string; role: Role }[] => {
  const pairs = text.split(',').flatMap((word) => (word.trim() === '' ? [] : [/^\s*(.+?)\s*=\s*(\w+)\s*$/.exec(word)]));
  const roles = pairs.map((pair) => ({ group: pair?.[1] ?? '', role: ROLES.find((role) => role === pair?.[2]) }));
  const known = roles.flatMap(({ group, role }) => (role === undefined || group === '' ? [] : [{ group, role }]));
  if (known.length === roles.length) return known;
  context.addIssue({ code: 'custom', message: 'no roles' });
  return z.NEVER;
});

/** https, but for a provider on this very machine: tokens and secrets go there. */
const issuer = z
  .url({ protocol: /^https?$/ })
  .refine((url) => /^https:|^http:\/\/(127\.0\.0\.1|localhost|\[::1\])([:/]|$)/.test(url), 'no https');

const PROCESS_ROLES = ['all', 'web', 'worker'] as const;

/** Every setting of the console. The environment is read here and nowhere else. */
const schema = z.object({
  PORT: z.coerce.number().int().min(1).max(65535).default(3000),
  HOST: z.string().min(1).default('127.0.0.1'),
  HEADROOM_URL: z.url({ protocol: /^https?$/ }).optional(),
  HEADROOM_DATA_DIR: z.string().min(1).default('./data'),
  HEADROOM_INSECURE: flag,
  HEADROOM_DEMO: flag,
  HEADROOM_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  /** seconds between two scrapes of a node */
  HEADROOM_SCRAPE_SECONDS: z.coerce.number().min(1).max(300).default(5),
  HEADROOM_RETENTION: z.string().default(DEFAULT_RETENTION_TEXT).pipe(retention),
  /** PostgreSQL, which any number of processes may share; without it everything is in files of the data directory */
  HEADROOM_DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  /** what this process does of the work: shows the console (web), reads nodes and runs runs (worker), or both */
  HEADROOM_ROLE: z.enum(PROCESS_ROLES).default('all'),
  /** where the charts of the past are read from */
  HEADROOM_PROMETHEUS_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** proxies in front of the console, whose X-Forwarded-For says where a request comes from */
  HEADROOM_TRUST_PROXY: z.string().default('').pipe(proxies),
  /** seals every secret that is kept; without it, a file of the data directory does */
  HEADROOM_SECRET: secret.optional(),
  /** while the key is being replaced: the one from before */
  HEADROOM_SECRET_PREVIOUS: secret.optional(),
  HEADROOM_OIDC_ISSUER: issuer.optional(),
  HEADROOM_OIDC_CLIENT_ID: z.string().min(1).optional(),
  HEADROOM_OIDC_CLIENT_SECRET: z.string().min(1).optional(),
  HEADROOM_OIDC_NAME: z.string().min(1).max(40).default('single sign-on'),
  HEADROOM_OIDC_SCOPE: z
    .string()
    .regex(/^(?=.*\bopenid\b)(?=.*\bemail\b)[\x21-\x7e ]+$/)
    .default('openid email profile'),
  HEADROOM_OIDC_ROLE_CLAIM: z.string().min(1).default('groups'),
  HEADROOM_OIDC_ROLES: z.string().default('').pipe(groupRoles),
  HEADROOM_ADMIN_EMAIL: z.email().optional(),
  HEADROOM_ADMIN_PASSWORD: z.string().min(12).optional(),
});

/** What each setting should be, in the words of the refusal. */
const WANTED: Record<keyof typeof schema.shape, string> = {
  PORT: 'a port number, 1 to 65535',
  HOST: 'an address of this machine, like 127.0.0.1',
  HEADROOM_URL: 'the URL that browsers use, like https://headroom.example',
  HEADROOM_DATA_DIR: 'a directory, like ./data',
  HEADROOM_INSECURE: '1 or 0',
  HEADROOM_DEMO: '1 or 0',
  HEADROOM_LOG_LEVEL: 'trace, debug, info, warn, error, fatal or silent',
  HEADROOM_SCRAPE_SECONDS: 'seconds between two readings of a node, 1 to 300',
  HEADROOM_RETENTION:
    'how long each tier is kept in hours or days, like raw=48h,1m=30d,15m=396d; each at least as long as the one before, raw 2h or more, none above 3650d',
  HEADROOM_DATABASE_URL: 'a PostgreSQL URL, like postgres://headroom@127.0.0.1:5432/headroom',
  HEADROOM_ROLE: 'all, web or worker',
  HEADROOM_PROMETHEUS_URL: 'the URL of a Prometheus-compatible server, like http://127.0.0.1:9090',
  HEADROOM_TRUST_PROXY: 'addresses or networks of the proxies in front of the console, like 127.0.0.1,10.0.0.0/8',
  HEADROOM_SECRET: '32 random bytes or more in base64 or hex, like `openssl rand -base64 32` prints',
  HEADROOM_SECRET_PREVIOUS: 'the HEADROOM_SECRET from before, in base64 or hex',
  HEADROOM_OIDC_ISSUER: 'the https URL of an OpenID provider (http for one on this machine alone), like https://login.example/realms/main',
  HEADROOM_OIDC_CLIENT_ID: 'the id of the client that the provider has for this console',
  HEADROOM_OIDC_CLIENT_SECRET: 'the secret of that client',
  HEADROOM_OIDC_NAME: 'what the button calls the provider, 40 characters at most, like Keycloak',
  HEADROOM_OIDC_SCOPE: 'scopes with openid and email among them, like openid email profile groups',
  HEADROOM_OIDC_ROLE_CLAIM: 'the claim that holds the groups, like groups',
  HEADROOM_OIDC_ROLES: 'groups and the roles that they give, like sre-leads=admin,sre=operator',
  HEADROOM_ADMIN_EMAIL: 'an e-mail address',
  HEADROOM_ADMIN_PASSWORD: '12 characters or more',
};

export type Config = {
  port: number;
  host: string;
  /** where browsers reach the console; no trailing slash */
  url: string;
  dataDir: string;
  demo: boolean;
  logLevel: z.infer<typeof schema>['HEADROOM_LOG_LEVEL'];
  scrapeSeconds: number;
  retention: Retention;
  /** PostgreSQL for everything; null: files of the data directory */
  databaseUrl: string | null;
  role: (typeof PROCESS_ROLES)[number];
  prometheusUrl: string | null;
  /** proxies whose X-Forwarded-For is believed; none unless said */
  trustProxy: BlockList;
  /** keys that seal secrets: the one to seal with, and the one from before; null: the data directory's file */
  secret: Buffer | null;
  secretPrevious: Buffer | null;
  admin: { email: string; password: string } | null;
  oidc: OidcConfig | null;
};

/** An OpenID provider to sign in by. `roles`: what its groups give; without any, only people who are known here come in. */
export type OidcConfig = {
  issuer: string;
  clientId: string;
  clientSecret: string;
  name: string;
  scope: string;
  roleClaim: string;
  roles: readonly { group: string; role: Role }[];
};

/** `value` and `default` as text; of a secret only whether it is set. */
export type Described = { name: string; value: string | null; source: 'environment' | 'default'; default: string | null; wanted: string };

const HIDDEN = /PASSWORD|SECRET/;
const isSecretSetting = (name: string): boolean => HIDDEN.test(name) || name.endsWith('_URL');

/** Every setting as `env` has it, for people to read; nothing secret is in it. */
export function describeSettings(env: Record<string, string | undefined> = process.env): Described[] {
  return Object.entries(schema.shape).flatMap(([name, field]) => {
    if (!isSetting(name)) return [];
    const given = env[name] === '' ? undefined : env[name];
    const byDefault = z.toJSONSchema(field, { io: 'input', unrepresentable: 'any' }).default;
    const fallback =
      byDefault === undefined || byDefault === '' ? null : typeof byDefault === 'string' ? byDefault : JSON.stringify(byDefault);
    const value = given === undefined ? fallback : shown(name, given);
    return [{ name, value, source: given === undefined ? 'default' : 'environment', default: fallback, wanted: WANTED[name] } as const];
  });
}

function shown(name: string, value: string): string {
  if (HIDDEN.test(name)) return '(set, not shown)';
  if (!isSecretSetting(name)) return value;
  try {
    const url = new URL(value);
    if (url.password === '' && url.search === '') return value;
    if (url.password !== '') url.password = '***';
    // a token in a query is as secret as a password
    for (const key of [...url.searchParams.keys()]) url.searchParams.set(key, '***');
    return url.href;
  } catch {
    return '(set, not shown)';
  }
}

/** Thrown with one sentence per wrong variable: its name, what it was, what it should be. */
export class ConfigError extends Error {}

/** React and Next choose their builds by NODE_ENV; a console that nobody set it for runs the production ones, without telemetry. */
export function assumeProduction(env: Record<string, string | undefined> = process.env): void {
  env.NODE_ENV ??= 'production';
  env.NEXT_TELEMETRY_DISABLED = '1';
}

export function readConfig(env: Record<string, string | undefined> = process.env): Config {
  const known = Object.fromEntries(Object.keys(schema.shape).map((key) => [key, env[key] === '' ? undefined : env[key]]));
  const parsed = schema.safeParse(known);
  if (!parsed.success) {
    const wrong = Object.keys(schema.shape)
      .filter(isSetting)
      .filter((name) => parsed.error.issues.some((issue) => issue.path[0] === name));
    const got = (name: string) =>
      /PASSWORD|SECRET|DATABASE_URL|PROMETHEUS_URL/.test(name) ? 'a value that is not shown' : JSON.stringify(env[name]);
    throw new ConfigError(wrong.map((name) => `${name} is ${got(name)}: it should be ${WANTED[name]}`).join('\n'));
  }
  const e = parsed.data;
  const loopback = ['127.0.0.1', '::1', 'localhost'].includes(e.HOST);
  if (!loopback && !e.HEADROOM_INSECURE && !e.HEADROOM_URL?.startsWith('https://'))
    throw new ConfigError(
      `HOST is ${JSON.stringify(e.HOST)}: anything but 127.0.0.1 needs HEADROOM_URL=https://… (a TLS proxy in front) or an explicit HEADROOM_INSECURE=1`,
    );
  if (e.HEADROOM_DATABASE_URL === undefined && e.HEADROOM_ROLE !== 'all')
    throw new ConfigError(
      `HEADROOM_ROLE is ${e.HEADROOM_ROLE}: processes that share the work need HEADROOM_DATABASE_URL=postgres://…, the same for all of them`,
    );
  if (e.HEADROOM_DATABASE_URL !== undefined && e.HEADROOM_SECRET === undefined)
    throw new ConfigError(
      'HEADROOM_DATABASE_URL is set and HEADROOM_SECRET is not: the key that seals the secrets in PostgreSQL should be given to every process, `openssl rand -base64 32` prints one',
    );
  if ((e.HEADROOM_ADMIN_EMAIL === undefined) !== (e.HEADROOM_ADMIN_PASSWORD === undefined))
    throw new ConfigError('HEADROOM_ADMIN_EMAIL and HEADROOM_ADMIN_PASSWORD belong together: set both or neither');
  const { HEADROOM_OIDC_ISSUER: oidcIssuer, HEADROOM_OIDC_CLIENT_ID: clientId, HEADROOM_OIDC_CLIENT_SECRET: clientSecret } = e;
  const oidcParts = [oidcIssuer, clientId, clientSecret].filter((part) => part !== undefined).length;
  if (oidcParts !== 0 && oidcParts !== 3)
    throw new ConfigError('HEADROOM_OIDC_ISSUER, HEADROOM_OIDC_CLIENT_ID and HEADROOM_OIDC_CLIENT_SECRET belong together: set all or none');
  return Object.freeze({
    port: e.PORT,
    host: e.HOST,
    url: (e.HEADROOM_URL ?? `http://${e.HOST.includes(':') ? `[${e.HOST}]` : e.HOST}:${e.PORT}`).replace(/\/+$/, ''),
    dataDir: path.resolve(e.HEADROOM_DATA_DIR),
    demo: e.HEADROOM_DEMO,
    logLevel: e.HEADROOM_LOG_LEVEL,
    scrapeSeconds: e.HEADROOM_SCRAPE_SECONDS,
    retention: e.HEADROOM_RETENTION,
    databaseUrl: e.HEADROOM_DATABASE_URL ?? null,
    role: e.HEADROOM_ROLE,
    prometheusUrl: e.HEADROOM_PROMETHEUS_URL ?? null,
    trustProxy: e.HEADROOM_TRUST_PROXY,
    secret: e.HEADROOM_SECRET ?? null,
    secretPrevious: e.HEADROOM_SECRET_PREVIOUS ?? null,
    oidc:
      oidcIssuer && clientId && clientSecret
        ? {
            issuer: oidcIssuer,
            clientId,
            clientSecret,
            name: e.HEADROOM_OIDC_NAME,
            scope: e.HEADROOM_OIDC_SCOPE,
            roleClaim: e.HEADROOM_OIDC_ROLE_CLAIM,
            roles: e.HEADROOM_OIDC_ROLES,
          }
        : null,
    admin:
      e.HEADROOM_ADMIN_EMAIL && e.HEADROOM_ADMIN_PASSWORD ? { email: e.HEADROOM_ADMIN_EMAIL, password: e.HEADROOM_ADMIN_PASSWORD } : null,
  });
}

const isSetting = (name: string): name is keyof typeof WANTED => name in WANTED;
