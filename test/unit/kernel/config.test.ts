import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { ConfigError, readConfig } from '#server/kernel/config.ts';

const refused = (env: Record<string, string>, words: RegExp) =>
  assert.throws(
    () => readConfig(env),
    (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, words);
      return true;
    },
  );

describe('configuration', () => {
  test('needs nothing: it listens on this machine alone', () => {
    const config = readConfig({});
    assert.deepEqual(
      [config.host, config.port, config.url, config.demo, config.admin],
      ['127.0.0.1', 3000, 'http://127.0.0.1:3000', false, null],
    );
  });

  test('a wrong value is refused with its name, what it was and what it should be', () => {
    refused({ PORT: 'eighty' }, /^PORT is "eighty": it should be a port number, 1 to 65535$/);
    refused({ PORT: '99999' }, /^PORT is "99999": /);
    refused({ HEADROOM_URL: 'console' }, /^HEADROOM_URL is "console": /);
    refused({ HEADROOM_DEMO: 'yes' }, /^HEADROOM_DEMO is "yes": /);
    refused({ HEADROOM_SCRAPE_SECONDS: '0' }, /^HEADROOM_SCRAPE_SECONDS is "0": /);
  });

  test('retention is said in hours and days, tier by tier; what makes no sense is refused', () => {
    const [hour, day] = [3_600_000, 86_400_000];
    assert.deepEqual(readConfig({}).retention, { rawMs: 48 * hour, minuteMs: 30 * day, quarterMs: 396 * day });
    assert.deepEqual(readConfig({ HEADROOM_RETENTION: 'raw=6h, 15m=90d' }).retention, {
      rawMs: 6 * hour,
      minuteMs: 30 * day,
      quarterMs: 90 * day,
    });
    for (const wrong of ['48h', 'raw=48', 'raw=1h', 'raw=31d', '1m=400d', '15m=9999d', 'raw=3h,raw=4h', 'hour=1h', 'raw=3h,'])
      refused({ HEADROOM_RETENTION: wrong }, /^HEADROOM_RETENTION is ".*": it should be how long each tier is kept/);
  });

  test('databases and servers are named by URLs of their kind, which are not repeated', () => {
    refused(
      { HEADROOM_DATABASE_URL: 'mysql://a:hunter2@b/c' },
      /^HEADROOM_DATABASE_URL is a value that is not shown: it should be a PostgreSQL URL/,
    );
    refused(
      { HEADROOM_PROMETHEUS_URL: 'localhost:9090' },
      /^HEADROOM_PROMETHEUS_URL is a value that is not shown: it should be the URL of/,
    );
    const HEADROOM_SECRET = randomBytes(32).toString('base64');
    assert.equal(
      readConfig({ HEADROOM_SECRET, HEADROOM_DATABASE_URL: 'postgres://h@127.0.0.1/h' }).databaseUrl,
      'postgres://h@127.0.0.1/h',
    );
  });

  test('a process with a part of the work needs the database that the others have, and all of them the key of its secrets', () => {
    refused({ HEADROOM_ROLE: 'boss' }, /^HEADROOM_ROLE is "boss": it should be all, web or worker/);
    refused({ HEADROOM_ROLE: 'worker' }, /^HEADROOM_ROLE is worker: .* need HEADROOM_DATABASE_URL/);
    refused({ HEADROOM_DATABASE_URL: 'postgres://h@127.0.0.1/h' }, /^HEADROOM_DATABASE_URL is set and HEADROOM_SECRET is not/);
    assert.equal(readConfig({}).role, 'all');
  });

  test('every wrong value is named, each in a line of its own', () => {
    refused({ PORT: 'x', HEADROOM_DEMO: 'y' }, /^PORT is "x".*\nHEADROOM_DEMO is "y"/);
  });

  test('a password is never repeated', () => {
    refused(
      { HEADROOM_ADMIN_EMAIL: 'a@example.com', HEADROOM_ADMIN_PASSWORD: 'short' },
      /^HEADROOM_ADMIN_PASSWORD is a value that is not shown: it should be 12 characters or more$/,
    );
  });

  test('another address than this machine needs TLS in front, or an explicit word', () => {
    refused({ HOST: '0.0.0.0' }, /HEADROOM_URL=https/);
    refused({ HOST: '0.0.0.0', HEADROOM_URL: 'http://console.example' }, /HEADROOM_URL=https/);
    assert.equal(readConfig({ HOST: '0.0.0.0', HEADROOM_URL: 'https://console.example/' }).url, 'https://console.example');
    assert.equal(readConfig({ HOST: '0.0.0.0', HEADROOM_INSECURE: '1' }).host, '0.0.0.0');
  });

  test("the first admin's e-mail and password belong together", () => {
    refused({ HEADROOM_ADMIN_EMAIL: 'a@example.com' }, /belong together/);
    assert.equal(
      readConfig({ HEADROOM_ADMIN_EMAIL: 'a@example.com', HEADROOM_ADMIN_PASSWORD: 'long enough to be good' }).admin?.email,
      'a@example.com',
    );
  });
});
