import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assignSockets } from '../../../../proxy-core/src/systemd/assign.ts';
import { findLocalAddress, type PassedSocket, takePassedSockets } from '../../../../proxy-core/src/systemd/passed-sockets.ts';

describe('sockets that the service manager passes', () => {
  test('are left alone when they are for another process, and the variables are taken out of the environment', () => {
    const env: Record<string, string | undefined> = { LISTEN_PID: '1', LISTEN_FDS: '2', LISTEN_FDNAMES: 'a:b', HOME: '/' };
    assert.deepEqual(takePassedSockets(env, 42), []);
    assert.deepEqual(env, { HOME: '/' });
    assert.deepEqual(takePassedSockets({}, 42), []);
  });

  test('must be a number', () => {
    for (const LISTEN_FDS of ['x', '-1', '99999', ''])
      assert.throws(() => takePassedSockets({ LISTEN_PID: '42', LISTEN_FDS }, 42), /LISTEN_FDS is ".*"; it must be a number/);
  });

  test('are found by their inode in the tables of the kernel', () => {
    const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2382 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1111 1 0000000000000000 100 0 0 10 0
   1: 00000000:01BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2222 1 0000000000000000 100 0 0 10 0`;
    assert.deepEqual(findLocalAddress(tcp, '1111'), { host: '127.0.0.1', port: 9090 });
    assert.deepEqual(findLocalAddress(tcp, '2222'), { host: '0.0.0.0', port: 443 });
    assert.equal(findLocalAddress(tcp, '22'), null);
    const row = (address: string) => `0: ${address}:0050 0:0 0A 0:0 0:0 0 0 0 7 1`;
    assert.deepEqual(findLocalAddress(row('00000000000000000000000000000000'), '7'), { host: '::', port: 80 });
    assert.deepEqual(findLocalAddress(row('B80D0120000000000000000001000000'), '7'), { host: '2001:db8::1', port: 80 });
  });
});

describe('a passed socket', () => {
  const socket = (fd: number, host: string, port: number, rest: Partial<PassedSocket> = {}): PassedSocket => ({
    fd,
    name: '',
    kind: 'stream',
    address: { host, port },
    ...rest,
  });
  const wanted = (clients: [string, number][], metrics: [string, number] | null = null) => ({
    clients: clients.map(([host, port]) => ({ host, port })),
    metrics: metrics && { host: metrics[0], port: metrics[1] },
    datagrams: [],
  });

  test('serves the address of the config that it has; the other addresses are bound', () => {
    const { clients, warnings } = assignSockets(
      wanted([
        ['0.0.0.0', 80],
        ['0.0.0.0', 443],
      ]),
      [socket(3, '0.0.0.0', 443)],
    );
    assert.deepEqual(clients, [
      { host: '0.0.0.0', port: 80 },
      { host: '0.0.0.0', port: 443, fd: 3 },
    ]);
    assert.deepEqual(warnings, []);
  });

  test('"[::]:443" stands for "0.0.0.0:443" as well, and serves both as one', () => {
    const { clients, warnings } = assignSockets(
      wanted([
        ['0.0.0.0', 443],
        ['::', 443],
      ]),
      [socket(3, '::', 443)],
    );
    assert.deepEqual(clients, [{ host: '::', port: 443, fd: 3 }]);
    assert.deepEqual(warnings, []);
  });

  test('is the metrics listener by its address or by its name', () => {
    const byAddress = assignSockets(wanted([['0.0.0.0', 443]], ['127.0.0.1', 9090]), [socket(3, '127.0.0.1', 9090)]);
    assert.deepEqual(byAddress.metrics, { host: '127.0.0.1', port: 9090, fd: 3 });
    const byName = assignSockets(wanted([['0.0.0.0', 443]], ['127.0.0.1', 9090]), [socket(4, '10.0.0.1', 9000, { name: 'metrics' })]);
    assert.deepEqual(byName.metrics, { host: '10.0.0.1', port: 9000, fd: 4 });
    assert.deepEqual(byName.warnings, []);
    assert.match(
      assignSockets(wanted([]), [socket(4, '10.0.0.1', 9000, { name: 'metrics' })]).warnings[0] ?? '',
      /metrics\.enabled is false/,
    );
  });

  test('of datagrams is no listener of streams, and one that the config does not name is served with a warning', () => {
    const { clients, datagrams, warnings } = assignSockets(wanted([['0.0.0.0', 443]]), [socket(3, '0.0.0.0', 443, { kind: 'datagram' })]);
    assert.deepEqual(clients, [{ host: '0.0.0.0', port: 443 }]);
    assert.deepEqual(datagrams, [{ host: '0.0.0.0', port: 443, fd: 3 }]);
    assert.match(warnings[0] ?? '', /passes 0\.0\.0\.0:443, which udp_listen_addrs does not name/);
  });
});
