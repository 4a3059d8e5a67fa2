import assert from 'node:assert/strict';
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
