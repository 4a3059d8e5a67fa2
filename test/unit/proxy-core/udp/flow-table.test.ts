import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FlowTable } from '../../../../proxy-core/src/udp/flow-table.ts';
import { FlowIds } from '../../../../proxy-core/src/udp/ids.ts';

type Flow = { name: string };
type Path = { flow: Flow };
const [a, b]: [Flow, Flow] = [{ name: 'a' }, { name: 'b' }];
const id = (text: string): string => text;
const short = (dcid: string, rest = 'payload'): Buffer => Buffer.from(`A${dcid}${rest}`, 'latin1');
const long = (dcid: string, scid: string, version = 1): Buffer => {
  const [to, from] = [Buffer.from(dcid, 'latin1'), Buffer.from(scid, 'latin1')];
  const number = Buffer.alloc(4);
  number.writeUInt32BE(version);
  return Buffer.concat([Buffer.from([0xc0]), number, Buffer.from([to.length]), to, Buffer.from([from.length]), from, Buffer.alloc(20)]);
};

describe('a table of flows', () => {
  test('finds a short header by ids of every length in use, the longest that fits', () => {
    const table = new FlowTable<Flow, Path>();
    table.addId(id('abcd'), a);
    table.addId(id('abcdefgh'), b);
    assert.equal(table.byShortHeader(short('abcdefgh')), b);
    assert.equal(table.byShortHeader(short('abcdXXXX')), a);
    assert.equal(table.byShortHeader(short('abc', '')), undefined, 'too short for any');
    table.removeId('abcdefgh');
    assert.equal(table.byShortHeader(short('abcdefgh')), a);
    table.removeId('abcd');
    assert.equal(table.byShortHeader(short('abcdefgh')), undefined);
  });

  test('leaves an id to the flow that had it first, and takes none that would be met by chance', () => {
    const table = new FlowTable<Flow, Path>();
    assert.equal(table.addId('abcd', a), true);
    assert.equal(table.addId('abcd', b), false);
    assert.equal(table.byId('abcd'), a);
    for (const wrong of ['', 'abc', 'x'.repeat(21)]) assert.equal(table.addId(wrong, a), false, wrong);
  });

  test('keeps the id that a client made up to the address that it came from', () => {
    const table = new FlowTable<Flow, Path>();
    table.addFirst('1 ::1 5', 'madeup00', a);
    assert.equal(table.byFirst('1 ::1 5', 'madeup00'), a);
    assert.equal(table.byFirst('1 ::1 6', 'madeup00'), undefined);
  });

  test('knows the paths of an address, of all its ports, and is empty when all have left', () => {
    const table = new FlowTable<Flow, Path>();
    const paths = [{ flow: a }, { flow: b }, { flow: a }];
    const tuples = ['1 h 1', '1 h 1', '1 h 2'];
    for (const [i, path] of paths.entries()) assert.equal(table.addPath(tuples[i] ?? '', 'h', path), true);
    assert.deepEqual(table.pathsOf('1 h 1'), [paths[0], paths[1]]);
    assert.equal(table.pathOf('1 h 2', a), paths[2]);
    assert.equal(table.pathOf('1 h 2', b), undefined);
    assert.equal([...table.pathsFrom('h')].length, 3);
    for (const [i, path] of paths.entries()) table.removePath(tuples[i] ?? '', 'h', path);
    assert.deepEqual(table.sizes, { paths: 0, ids: 0, firsts: 0, hosts: 0, lengths: 0 });
  });

  test('has 64 paths of one address and port at most', () => {
    const table = new FlowTable<Flow, Path>();
    const taken = Array.from({ length: 100 }, () => table.addPath('t', 'h', { flow: a }));
    assert.equal(taken.filter(Boolean).length, 64);
  });
});

describe('the ids of a flow', () => {
  test('are learnt from the server in the clear, and from a client that is known, later; all leave with it', () => {
    const table = new FlowTable<Flow, Path>();
    const ids = new FlowIds(table, a);
    assert.equal(ids.provedBy(short('whatever'), false), false, 'nothing is known yet');
    ids.learnFromServer(long('client', 'server01'));
    assert.equal(table.byId('server01'), a);
    assert.equal(ids.provedBy(short('unknown1'), false), false);
    assert.equal(table.byId('unknown1'), undefined, 'anybody could have sent that');
    assert.equal(ids.provedBy(short('server01'), false), true);
    assert.equal(ids.isLast(short('server01')), true);
    assert.equal(ids.provedBy(short('secret01'), true), false);
    assert.equal(table.byId('secret01'), a);
    assert.equal(ids.isLast(short('secret01')), true);
    ids.clear();
    assert.equal(table.sizes.ids, 0);
  });

  test('are at most eight of each side, the oldest of the client forgotten', () => {
    const table = new FlowTable<Flow, Path>();
    const ids = new FlowIds(table, a);
    for (let i = 0; i < 20; i += 1) ids.learnFromServer(long('client', `server${String(i).padStart(2, '0')}`));
    assert.equal(table.sizes.ids, 8);
    for (let i = 0; i < 20; i += 1) ids.provedBy(short(`secret${String(i).padStart(2, '0')}`), true);
    assert.equal(table.sizes.ids, 16);
    assert.equal(table.byId('secret00'), undefined);
    assert.equal(table.byId('secret19'), a);
  });

  test('a long header with an id of the server proves, one with the id that the client made up does not', () => {
    const ids = new FlowIds(new FlowTable<Flow, Path>(), a);
    ids.learnFromServer(long('client', 'server01'));
    assert.equal(ids.provedBy(long('madeup00', 'client'), false), false);
    assert.equal(ids.provedBy(long('server01', 'client'), false), true);
  });

  test('a Version Negotiation packet gives none: it repeats what the client sent', () => {
    const table = new FlowTable<Flow, Path>();
    new FlowIds(table, a).learnFromServer(long('client', 'madeup00', 0));
    assert.equal(table.sizes.ids, 0);
  });

  test('an id that another flow has is not taken from it, and not removed with this one', () => {
    const table = new FlowTable<Flow, Path>();
    const [mine, theirs] = [new FlowIds(table, a), new FlowIds(table, b)];
    mine.learnFromServer(long('client', 'sameid00'));
    theirs.learnFromServer(long('client', 'sameid00'));
    assert.equal(theirs.provedBy(short('sameid00'), false), true, 'it is right all the same');
    theirs.clear();
    assert.equal(table.byId('sameid00'), a);
  });

  test('a server without ids is known by addresses alone', () => {
    const ids = new FlowIds(new FlowTable<Flow, Path>(), a);
    ids.learnFromServer(long('client', ''));
    assert.equal(ids.provedBy(long('', 'client'), false), false);
    assert.equal(ids.provedBy(short(''), false), true);
  });
});
