import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FdBudget } from '../../../../proxy-core/src/guard/fd-budget.ts';
import { Dial } from '../../../../proxy-core/src/relay/dial.ts';
import type { Wire, WireOwner, Wires } from '../../../../proxy-core/src/relay/wire.ts';

/** A dial on a clock that is moved by hand; what is dialled is remembered, and answers when it is told to. */
function dialling(addresses: [backend: string, ...hosts: string[]][], options: { happyEyeballs?: boolean; connectMs?: number } = {}) {
  const log: string[] = [];
  const dialled: { host: string; wire: Wire; owner: WireOwner }[] = [];
  const clock = { ms: 0, due: 0 };
  const wires: Wires = {
    kind: 'streams',
    listener: () => assert.fail('nobody listens here'),
    dial: (host, _port, owner) => {
      log.push(`${clock.ms} ${host}`);
      let closed = false;
      const wire: Wire = {
        ...{
          owner,
          remote: () => null,
          local: () => null,
          read: () => {},
          pause: () => {},
          write: () => true,
          finish: () => {},
          waiting: 0,
        },
        ...{ carry: () => {}, rest: () => {}, toSocket: () => assert.fail('nobody asks for that') },
        get closed() {
          return closed;
        },
        close: () => {
          closed = true;
        },
      };
      dialled.push({ host, wire, owner });
      return wire;
    },
  };
  const budget = new FdBudget();
  const owner = {
    now: () => clock.ms,
    wake: (at: number) => {
      clock.due = at;
    },
    dialling: () => {},
    dialled: (wire: Wire) => void log.push(`${clock.ms} connected ${dialled.find((one) => one.wire === wire)?.host}`),
    dialFailed: (reason: string) => void log.push(`${clock.ms} ${reason}`),
  };
  const dial = new Dial(owner, { wires, budget }, { connectMs: options.connectMs ?? 10_000, happyEyeballs: options.happyEyeballs ?? true });
  dial.start({ candidates: addresses.flatMap(([backend, ...hosts]) => hosts.map((host) => ({ host, port: 1, backend }))) });
  const at = (host: string) => dialled.find((one) => one.host === host) ?? assert.fail(host);
  return {
    ...{ log, budget, dial },
    /** goes on to the next deadline */
    wait: () => {
      clock.ms = clock.due;
      dial.onDeadline();
    },
    pass: (ms: number) => {
      clock.ms += ms;
    },
    fail: (host: string, code = 'ECONNREFUSED') => at(host).owner.wireFailed(at(host).wire, code),
    connect: (host: string) => at(host).owner.wireConnected(at(host).wire),
    open: () => dialled.filter(({ wire }) => !wire.closed).map(({ host }) => host),
  };
}

describe('a dial', () => {
  test('tries the next address of a name beside a slow one after 250 ms, two at a time, and closes those that lose', () => {
    const race = dialling([['name:1', 'a', 'b', 'c']]);
    race.wait();
    assert.deepEqual(race.open(), ['a', 'b']);
    assert.equal(race.budget.upstreams, 2);
    race.wait();
    assert.deepEqual(race.open(), ['b', 'c'], 'the oldest makes room');
    race.connect('b');
    assert.deepEqual(race.open(), ['b']);
    assert.equal(race.budget.upstreams, 1);
    assert.deepEqual(race.log, ['0 a', '250 b', '500 c', '500 connected b']);
  });

  test('goes on at once when an address refuses, and fails with the last when all have', () => {
    const race = dialling([['name:1', 'a', 'b']]);
    race.pass(10);
    race.fail('a');
    race.fail('b', 'EHOSTUNREACH');
    assert.deepEqual(race.log, ['0 a', '10 b', '10 connect_failed']);
    assert.equal(race.budget.upstreams, 0);
  });

  test('waits for the one that is left when the other of two fails', () => {
    const race = dialling([['name:1', 'a', 'b']]);
    race.wait();
    race.fail('b');
    assert.deepEqual(race.open(), ['a']);
    race.connect('a');
    assert.deepEqual(race.log.at(-1), '250 connected a');
  });

  test('tries backends in turn, each for an equal share of what is left, never two backends at a time', () => {
    const race = dialling(
      [
        ['one:1', 'a'],
        ['two:1', 'b'],
        ['three:1', 'c'],
      ],
      { connectMs: 9000 },
    );
    race.wait();
    assert.deepEqual(race.open(), ['b']);
    race.pass(-1000);
    race.fail('b');
    race.wait();
    assert.deepEqual(race.log, ['0 a', '3000 b', '2000 c', '9000 connect_timeout']);
    assert.equal(race.budget.upstreams, 0);
  });

  test('does not dial beside another when that is switched off, or when the fd budget has no room', () => {
    const off = dialling([['name:1', 'a', 'b']], { happyEyeballs: false, connectMs: 4000 });
    off.wait();
    assert.deepEqual([off.log, off.open()], [['0 a', '2000 b'], ['b']]);
    const full = dialling([['name:1', 'a', 'b']]);
    full.budget.limit = 0;
    full.wait();
    assert.deepEqual([full.log, full.open()], [['0 a', '250 b'], ['b']]);
  });

  test('is over when it is aborted: late answers and lookups find nobody', () => {
    const race = dialling([['name:1', 'a', 'b']]);
    race.dial.abort();
    assert.deepEqual(race.open(), []);
    race.fail('a');
    race.dial.start({ candidates: [{ host: 'late', port: 1, backend: 'late:1' }] });
    assert.deepEqual(race.log, ['0 a']);
    assert.equal(race.budget.upstreams, 0);
  });
});
