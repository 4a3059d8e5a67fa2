import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { ConfigError, describeSettings, readConfig } from '#server/kernel/config.ts';

const KEY = randomBytes(32).toString('base64');
const SHORT = randomBytes(31).toString('hex');

/** For each setting: values that are refused by its name, and values that are taken. `also`: what the good ones need beside them. */
const CASES: Record<string, { wrong: readonly string[]; good: readonly string[]; also?: Record<string, string> }> = {
  PORT: { wrong: ['eighty', '0', '65536', '-1', '3000.5', '80 80', '3e9'], good: ['1', '65535'] },
  HOST: { wrong: ['0.0.0.0', '::', '10.0.0.1', 'console.example'], good: ['127.0.0.1', '::1', 'localhost'] },
  HEADROOM_URL: { wrong: ['console', 'headroom.example:443x', '//x'], good: ['https://headroom.example', 'http://127.0.0.1:3000'] },
  // any text names a folder; whether it can be used shows when it is
  HEADROOM_DATA_DIR: { wrong: [], good: ['./x', '/var/lib/headroom'] },
  HEADROOM_INSECURE: { wrong: ['yes', 'true', '2', ' 1'], good: ['0', '1'] },
  HEADROOM_DEMO: { wrong: ['yes', 'on'], good: ['0', '1'] },
  HEADROOM_LOG_LEVEL: { wrong: ['verbose', 'INFO', '3'], good: ['trace', 'silent'] },
  HEADROOM_SCRAPE_SECONDS: { wrong: ['0', '301', 'often', '-5'], good: ['1', '300', '2.5'] },
  HEADROOM_RETENTION: { wrong: ['48h', 'raw=1h', 'raw=31d', 'hour=1h'], good: ['raw=6h', 'raw=48h,1m=30d,15m=396d'] },
  HEADROOM_DATABASE_URL: {
    wrong: ['mysql://a:b@c/d', 'localhost', 'http://x', '/var/run/postgresql'],
    good: ['postgres://h@127.0.0.1/h', 'postgresql://h@db:5432/h?sslmode=require'],
    also: { HEADROOM_SECRET: KEY },
  },
  HEADROOM_ROLE: {
    wrong: ['both', 'WEB', 'server'],
    good: ['all', 'web', 'worker'],
    also: { HEADROOM_DATABASE_URL: 'postgres://h@127.0.0.1/h', HEADROOM_SECRET: KEY },
  },
  HEADROOM_PROMETHEUS_URL: {
    wrong: ['localhost:9090', 'ftp://x', 'file:///etc/passwd'],
    good: ['http://127.0.0.1:9090', 'https://m.example/p'],
  },
  HEADROOM_TRUST_PROXY: {
    wrong: ['proxy.example', '10.0.0.0/33', '10.0.0', '::1/129'],
    good: ['127.0.0.1', '127.0.0.1, 10.0.0.0/8', 'fd00::/8'],
  },
  HEADROOM_SECRET: {
    wrong: ['hunter2', SHORT, 'a'.repeat(64), '00'.repeat(32), 'correcthorsebatterystaplecorrecthorsebattery', `${KEY}!`, 'Ab'.repeat(32)],
    good: [KEY, randomBytes(32).toString('hex'), randomBytes(48).toString('base64url')],
  },
  HEADROOM_SECRET_PREVIOUS: { wrong: ['hunter2', SHORT], good: [KEY] },
  HEADROOM_OIDC_ISSUER: {
    wrong: ['login.example', 'http://login.example', 'ftp://x'],
    good: ['https://login.example'],
    also: oidc('HEADROOM_OIDC_ISSUER'),
  },
  HEADROOM_OIDC_CLIENT_ID: { wrong: [], good: ['headroom'], also: oidc('HEADROOM_OIDC_CLIENT_ID') },
  HEADROOM_OIDC_CLIENT_SECRET: { wrong: [], good: ['x'], also: oidc('HEADROOM_OIDC_CLIENT_SECRET') },
  HEADROOM_OIDC_NAME: { wrong: ['x'.repeat(41)], good: ['Keycloak'] },
  HEADROOM_OIDC_SCOPE: { wrong: ['profile', 'openid'], good: ['openid email'] },
  HEADROOM_OIDC_ROLE_CLAIM: { wrong: [], good: ['groups'] },
  HEADROOM_OIDC_ROLES: { wrong: ['sre', 'sre=king', '=admin'], good: ['sre=operator', 'leads=admin,sre=operator'] },
  HEADROOM_ADMIN_EMAIL: {
    wrong: ['ada', 'a@', 'a b@c.d'],
    good: ['ada@example.com'],
    also: { HEADROOM_ADMIN_PASSWORD: 'long enough to be good' },
  },
  HEADROOM_ADMIN_PASSWORD: { wrong: ['short', 'x'.repeat(11)], good: ['x'.repeat(12)], also: { HEADROOM_ADMIN_EMAIL: 'ada@example.com' } },
};

function oidc(but: string): Record<string, string> {
  const all = { HEADROOM_OIDC_ISSUER: 'https://login.example', HEADROOM_OIDC_CLIENT_ID: 'a', HEADROOM_OIDC_CLIENT_SECRET: 'b' };
  return Object.fromEntries(Object.entries(all).filter(([name]) => name !== but));
}

describe('every setting of the environment', () => {
  test('is in this table', () => {
    assert.deepEqual(
      describeSettings({})
        .map(({ name }) => name)
        .sort(),
      Object.keys(CASES).sort(),
    );
  });

  for (const [name, { wrong, good, also = {} }] of Object.entries(CASES))
    test(`${name} is taken when it is right, and refused by name, value and what it should be when it is wrong`, () => {
      for (const value of good) readConfig({ ...also, [name]: value });
      const { wanted } = describeSettings({}).find((one) => one.name === name) ?? assert.fail();
      for (const value of wrong)
        assert.throws(
          () => readConfig({ ...also, [name]: value }),
          (error) => {
            assert.ok(error instanceof ConfigError, `${value}: ${error}`);
            assert.match(error.message, new RegExp(`^${name} is `), value);
            const hidden = /PASSWORD|SECRET|_URL$/.test(name) && name !== 'HEADROOM_URL';
            assert.equal(error.message.includes(value), !hidden, error.message);
            if (name !== 'HOST') assert.ok(error.message.endsWith(wanted), error.message);
            return true;
          },
          value,
        );
      // unset, and set to nothing, are the same: a compose file passes what nobody set as ''
      assert.deepEqual(describeSettings({ [name]: '' }), describeSettings({}));
    });
});
