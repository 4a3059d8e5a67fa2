import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import { OptionError, readOptions } from '#demo/options.ts';

const read = (argv: string[], env: Record<string, string> = {}, draw: (below: number) => number = () => 0) => readOptions(argv, env, draw);

describe('the options of the demo', () => {
  test('five nodes by default, one pool-leak and one eof-leak among them, wherever the draw puts them', () => {
    for (let place = 0; place < 5; place++) {
      const { drills } = read([], {}, (below) => Math.min(place, below - 1));
      assert.equal(drills.length, 5);
      assert.deepEqual(drills.filter((drill) => drill !== null).sort(), ['eof-leak', 'pool-leak']);
    }
    assert.notDeepEqual(read([], {}, () => 0).drills, read([], {}, (below) => below - 1).drills);
  });

  test('--drills goes by position, and nodes without an entry are healthy', () => {
    assert.deepEqual(read(['--nodes', '4', '--drills', 'none,eof-leak, pool-leak']).drills, [null, 'eof-leak', 'pool-leak', null]);
  });

  test('PORT and HEADROOM_DATA_DIR are honoured, the data directory as an absolute path', () => {
    const options = read([], { PORT: '3210', HEADROOM_DATA_DIR: 'somewhere' });
    assert.equal(options.port, 3210);
    assert.equal(options.dataDir, path.resolve('somewhere'));
    assert.equal(read([]).dataDir, path.resolve('data/demo'));
  });

  test('wrong use is one sentence with the option, what it was and what it should be', () => {
    for (const [argv, env, words] of [
      [['--nodes', 'many'], {}, /--nodes is "many": .*1 to 40/],
      [['--nodes', '0'], {}, /--nodes is "0"/],
      [[], { PORT: '99999' }, /PORT is "99999": .*65535/],
      [['--drills', 'poll-leak'], {}, /"poll-leak": .*pool-leak, eof-leak/],
      [['--nodes', '1', '--drills', 'none,none'], {}, /2 entries for 1 nodes/],
      [['--fast'], {}, /--fast/],
    ] as const)
      assert.throws(
        () => read([...argv], env),
        (error) => error instanceof OptionError && words.test(error.message) && !error.message.includes('\n'),
      );
  });
});
