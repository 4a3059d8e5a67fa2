import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Tunnel } from '../../../../proxy-core/src/relay/tunnel.ts';
import { NOBODY, type Wire } from '../../../../proxy-core/src/relay/wire.ts';

const TIMEOUTS = { connect: 1000, clientHello: 1000, idle: 300_000, halfClose: 30_000, stalledWrite: 10_000 };

/** A wire that notes what is done to it, and takes what it is told to take. */
class FakeWire implements Wire {
  owner = NOBODY;
  closed = false;
  waiting = 0;
  readonly did: string[] = [];
  takes = true;
  readonly #name: string;
  constructor(name: string) {
    this.#name = name;
  }
  remote() {
    return null;
  }
  local() {
    return null;
  }
  read() {
    this.did.push('read');
  }
  pause() {
    this.did.push('pause');
  }
  write(bytes: Buffer) {
    if (bytes.length > 0) this.did.push(`write ${bytes.toString('latin1')}`);
    this.waiting = this.takes ? 0 : this.waiting + bytes.length;
    return this.takes;
  }
  finish() {
    this.did.push('finish');
  }
  close() {
    this.closed = true;
  }
  carry() {}
  rest() {
    this.did.push('rest');
  }
  toString() {
    return this.#name;
  }
}

function tunnel(options: { clientFinished?: boolean; header?: string; stalledWrite?: number } = {}) {
  const clock = { now: 1000 };
  const cuts: string[] = [];
  const wakes: number[] = [];
  const host = { tx: 0, rx: 0 };
  const [client, upstream] = [new FakeWire('client'), new FakeWire('upstream')];
  const made = new Tunnel(
    {
      now: () => clock.now,
      wake: (at) => void wakes.push(at),
      cut: (reason, reset) => void cuts.push(`${reason}${reset ? ' reset' : ''}`),
    },
    { client, upstream },
    {
      timeouts: { ...TIMEOUTS, stalledWrite: options.stalledWrite ?? TIMEOUTS.stalledWrite },
      host,
      faults: { keepsUpstream: false, swallowsEof: false },
    },
  );
  made.start(options.header === undefined ? null : Buffer.from(options.header), Buffer.from('hello'), options.clientFinished ?? false);
  /** moves on by so much, and looks as the wheel would: as often as it was told to */
  const pass = (ms: number, meanwhile: () => void = () => {}) => {
    const end = clock.now + ms;
    let due = Math.max(clock.now + 1, Math.min(...wakes));
    while (cuts.length === 0 && due > 0 && due <= end) {
      clock.now = due;
      meanwhile();
      due = made.onDeadline(clock.now);
    }
    clock.now = end;
    wakes.push(due);
  };
  return { client, upstream, cuts, clock, made, host, pass };
}

describe('a tunnel', () => {
  test('sends header and first flight in one write, and counts what is the client’s', () => {
    const { upstream, made, host } = tunnel({ header: 'PROXY ' });
    assert.deepEqual(upstream.did, ['read', 'write PROXY hello']);
    assert.deepEqual([made.up, made.down, host.tx], [5, 0, 5]);
  });

  test('does not read from a side while bytes of it wait for the other', () => {
    const { client, upstream, made } = tunnel();
    client.takes = false;
    made.wireData(upstream, Buffer.from('abc'));
    assert.equal(upstream.did.at(-1), 'pause');
    client.waiting = 0;
    made.wireDrained(client);
    assert.equal(upstream.did.at(-1), 'read');
    assert.equal(made.down, 3);
  });

  test('forwards each end by itself, and is over with the second, which costs no shutdown', () => {
    const { client, upstream, made, cuts } = tunnel();
    made.wireEnded(client);
    assert.equal(upstream.did.at(-1), 'finish');
    assert.deepEqual(cuts, []);
    made.wireEnded(upstream);
    assert.ok(!client.did.includes('finish'));
    assert.deepEqual(cuts, ['closed']);
  });

  test('an end that came with the first flight is forwarded behind it', () => {
    const { client, upstream } = tunnel({ clientFinished: true });
    assert.deepEqual(upstream.did, ['read', 'write hello', 'finish']);
    assert.ok(!client.did.includes('read'));
  });

  test('with both ends there it waits for what is still to be taken', () => {
    const { client, upstream, made, cuts } = tunnel();
    client.takes = false;
    made.wireData(upstream, Buffer.from('rest'));
    made.wireEnded(upstream);
    made.wireEnded(client);
    assert.deepEqual(cuts, []);
    client.waiting = 0;
    made.wireDrained(client);
    assert.deepEqual(cuts, ['closed']);
    assert.equal(upstream.did.filter((what) => what === 'read').length, 1, 'nothing is read behind the end');
  });

  test('a failure of one side resets the other, and says whose it was', () => {
    const one = tunnel();
    one.made.wireFailed(one.client);
    assert.deepEqual(one.cuts, ['client_reset reset']);
    const other = tunnel();
    other.made.wireFailed(other.upstream);
    assert.deepEqual(other.cuts, ['upstream_reset reset']);
  });

  test('is cut at idle when nothing moves, and at half_close once one side has finished', () => {
    const idle = tunnel();
    idle.pass(TIMEOUTS.idle - 1);
    assert.deepEqual(idle.cuts, []);
    idle.pass(1);
    assert.deepEqual(idle.cuts, ['idle_timeout']);
    const half = tunnel();
    half.made.wireEnded(half.client);
    half.pass(TIMEOUTS.halfClose - 1);
    assert.deepEqual([half.cuts, half.made.phase(half.clock.now)], [[], 'half_closed']);
    half.pass(1);
    assert.deepEqual(half.cuts, ['half_close_timeout']);
  });

  test('a side that takes nothing is cut at stalled_write; one that takes a little again and again is not', () => {
    const stalled = tunnel();
    stalled.client.takes = false;
    stalled.made.wireData(stalled.upstream, Buffer.alloc(1000));
    stalled.pass(TIMEOUTS.stalledWrite + 1);
    assert.deepEqual(stalled.cuts, ['write_stalled reset']);
    const slow = tunnel();
    slow.client.takes = false;
    slow.made.wireData(slow.upstream, Buffer.alloc(1000));
    slow.pass(20 * TIMEOUTS.stalledWrite, () => {
      slow.client.waiting -= 1;
    });
    assert.deepEqual(slow.cuts, []);
  });

  test('wires of a quiet tunnel rest, but for one whose bytes wait elsewhere; those of a busy one do not', () => {
    const quiet = tunnel();
    quiet.pass(60_000);
    assert.ok(quiet.upstream.did.includes('rest') && quiet.client.did.includes('rest'));
    const busy = tunnel();
    busy.pass(60_000, () => busy.made.wireData(busy.upstream, Buffer.from('.')));
    assert.ok(!busy.upstream.did.includes('rest') && !busy.client.did.includes('rest'));
    const waits = tunnel({ stalledWrite: 600_000 });
    waits.client.takes = false;
    waits.made.wireData(waits.upstream, Buffer.from('x'));
    waits.pass(60_000);
    assert.ok(!waits.upstream.did.includes('rest') && waits.client.did.includes('rest'));
  });
});
