import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Field, HpackDecoder } from '../../../../proxy-core/src/parse/hpack.ts';
import { decodeHuffman } from '../../../../proxy-core/src/parse/huffman.ts';

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex');
const decoder = (options: { maxBytes?: number; tableBytes?: number } = {}) => new HpackDecoder({ maxBytes: 65_536, ...options });
const decode = (text: string) => decoder().decode(hex(text));
const REQUEST: Field[] = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'www.example.com'],
];

describe('the examples of RFC 7541 Appendix C', () => {
  test('C.1 integers, as the sizes of a table', () => {
    const table = decoder({ tableBytes: 2000 });
    assert.deepEqual(table.decode(hex('3f9a0a')), [], '1337 in a prefix of five bits');
    assert.equal(table.decode(hex('3fff0f')), null, 'more than the limit');
  });

  test('C.2 literal fields: with indexing, without, never, and indexed', () => {
    const one = decoder();
    assert.deepEqual(one.decode(hex('400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572')), [
      ['custom-key', 'custom-header'],
    ]);
    assert.equal(one.table.bytes, 55);
    assert.deepEqual(decode('040c 2f73 616d 706c 652f 7061 7468'), [[':path', '/sample/path']]);
    assert.deepEqual(decode('1008 7061 7373 776f 7264 0673 6563 7265 74'), [['password', 'secret']]);
    assert.deepEqual(decode('82'), [[':method', 'GET']]);
  });

  for (const [name, blocks] of Object.entries({
    'C.3 requests without Huffman': [
      '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '8286 84be 5808 6e6f 2d63 6163 6865',
      '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
    ],
    'C.4 requests with Huffman': [
      '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
      '8286 84be 5886 a8eb 1064 9cbf',
      '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
    ],
  }))
    test(name, () => {
      const one = decoder();
      const [first = '', second = '', third = ''] = blocks;
      assert.deepEqual(one.decode(hex(first)), REQUEST);
      assert.equal(one.table.bytes, 57);
      assert.deepEqual(one.decode(hex(second)), [...REQUEST, ['cache-control', 'no-cache']]);
      assert.equal(one.table.bytes, 110);
      assert.deepEqual(one.decode(hex(third)), [
        [':method', 'GET'],
        [':scheme', 'https'],
        [':path', '/index.html'],
        [':authority', 'www.example.com'],
        ['custom-key', 'custom-value'],
      ]);
      assert.equal(one.table.bytes, 164);
      assert.deepEqual(
        one.table.entries.map(([entry]) => entry),
        ['custom-key', 'cache-control', ':authority'],
      );
    });

  for (const [name, blocks] of Object.entries({
    'C.5 responses without Huffman, with eviction': [
      '4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '4803 3330 37c1 c0bf',
      '88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31',
    ],
    'C.6 responses with Huffman, with eviction': [
      '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
      '4883 640e ffc1 c0bf',
      '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
    ],
  }))
    test(name, () => {
      const one = decoder({ tableBytes: 256 });
      const [first = '', second = '', third = ''] = blocks;
      const rest: Field[] = [
        ['cache-control', 'private'],
        ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'],
        ['location', 'https://www.example.com'],
      ];
      assert.deepEqual(one.decode(hex(first)), [[':status', '302'], ...rest]);
      assert.equal(one.table.bytes, 222);
      assert.deepEqual(one.decode(hex(second)), [[':status', '307'], ...rest]);
      assert.equal(one.table.bytes, 222);
      assert.deepEqual(one.decode(hex(third)), [
        [':status', '200'],
        ['cache-control', 'private'],
        ['date', 'Mon, 21 Oct 2013 20:13:22 GMT'],
        ['location', 'https://www.example.com'],
        ['content-encoding', 'gzip'],
        ['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'],
      ]);
      assert.equal(one.table.bytes, 215);
    });
});

describe('a block that no encoder makes is refused', () => {
  test('Huffman text with EOS, with a byte of padding, and with padding that is not ones', () => {
    for (const text of ['ff', '1fff', '1fffff', 'ff9fffffff', '52bc30ffffffff', '00', 'fffffffc'])
      assert.equal(decodeHuffman(hex(text)), null, text);
    assert.equal(decodeHuffman(hex('1f')), 'a');
    assert.equal(decodeHuffman(Buffer.alloc(0)), '');
  });

  test('an index of 0 or beyond the tables, a text that is cut short, an integer without an end, a late change of size', () => {
    for (const block of ['80', 'be', 'ff80808080808001', '400a61', '4001', '40', '0f', '823f00', '7f'])
      assert.equal(decode(block), null, block);
  });

  test('more than the bound, by naming one large entry again and again', () => {
    const large = Buffer.concat([hex('4001 61 7f 9c1e'), Buffer.alloc(3995, 0x61)]);
    assert.equal(decoder().decode(large)?.length, 1);
    assert.equal(decoder().decode(Buffer.concat([large, Buffer.alloc(20, 0xbe)])), null);
  });
});
