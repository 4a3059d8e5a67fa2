import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { editPool } from '#server/config/index.ts';
import { isHeadroomError } from '#server/kernel/errors.ts';

// Files as people and programs leave them. Each is changed in the meant bytes alone, or refused in words that say what to do.

const WANTED = { enabled: false, max_per_host: 7 };
const LONG = 'x'.repeat(20_000);

/** `«was|is»` marks each change in the file. */
const marked = (text: string) => ({
  before: text.replace(/«([^|»]*)\|[^»]*»/g, '$1'),
  after: text.replace(/«[^|»]*\|([^»]*)»/g, '$1'),
});

const CHANGED: Record<string, string> = {
  'an anchor on the pool that nothing uses': 'connection_pool: &pool\n  enabled: «true|false»\n«|  max_per_host: 7\n»',
  'a merge at the top of a file with a section of its own':
    'd: &d {a: 1}\n<<: *d\nconnection_pool:\n  enabled: «true|false»\n«|  max_per_host: 7\n»',
  'tabs in and before comments': 'connection_pool:\t# a\ttab\n  enabled: «true|false»\t#\ttab\n\t# alone\n  max_per_host: «3|7»\n',
  'a directive, a start and an end': '%YAML 1.2\n---\nconnection_pool:\n  enabled: «true|false»\n«|  max_per_host: 7\n»...\n',
  'a start with the map on its line': '--- {connection_pool: {enabled: «true|false»«|, max_per_host: 7»}}\n',
  'no section before an end with a comment': '---\na: 1\n«|connection_pool:\n  enabled: false\n  max_per_host: 7\n»... # end\n# after\n',
  'dots in a text': 'a: |\n  x\n  ...\nb: "y\n  ... z"\n«|connection_pool:\n  enabled: false\n  max_per_host: 7\n»',
  'a start alone': '---\n«|connection_pool:\n  enabled: false\n  max_per_host: 7\n»',
  'a byte order mark alone': '\ufeff«|connection_pool:\n  enabled: false\n  max_per_host: 7\n»',
  'a byte order mark before JSON': '\ufeff{"connection_pool":{"enabled":«true|false»«|, max_per_host: 7»}}',
  'one CRLF among LF: as most lines end': 'a: 1\nb: 2\nconnection_pool:\n  enabled: «true|false»\n«|  max_per_host: 7\n»d: 4\r\n',
  'one LF among CRLF: as most lines end': 'a: 1\r\nb: 2\r\nconnection_pool:\r\n  enabled: «true|false»\n«|  max_per_host: 7\r\n»d: 4\r\n',
  'quoted keys': '"connection_pool":\n  "enabled": «true|false»\n  \'max_per_host\': «4|7»\n',
  'a key with an escape': '"connection\\x5fpool":\n  enabled: «true|false»\n«|  max_per_host: 7\n»',
  'a flow map over lines, with comments':
    'connection_pool: {\n  enabled: «true|false», # c\n  idle_timeout: 4«|, max_per_host: 7», # d\n}\n',
  'a flow map whose comma comes late': 'connection_pool: {\n  max_per_host: «4|7»«|, enabled: false» # d\n  , # e\n}\nb: 1\n',
  'a flow map that is empty but for a comment': 'connection_pool: {«| enabled: false, max_per_host: 7 » # c\n}\n',
  'the whole file as a flow map over lines':
    '{\n  "a": 1, # x\n  "b": [1,\n 2]«|, connection_pool: { enabled: false, max_per_host: 7 }» # y\n}\n',
  'a null in flow style': '{"connection_pool":«| { enabled: false, max_per_host: 7 }»}',
  'a very long line': `a: "${LONG}"\nconnection_pool:\n  enabled: «true|false» # ${LONG}\n«|  max_per_host: 7\n»`,
  'comments between the key and its map': 'connection_pool:\n# zero\n\n    # four\n  enabled: «true|false»\n«|  max_per_host: 7\n»',
  'everything commented out': 'connection_pool:\n«|  enabled: false\n  max_per_host: 7\n»  # enabled: true\n  # max: 2\nb: 1\n',
  'a comment between the key and its value': 'connection_pool:\n  enabled: # why\n    «true|false»\n«|  max_per_host: 7\n»',
  'characters beyond ASCII, before, beside and behind':
    '# ünïcödé ☃\nnäme: "日本😀"\nconnection_pool: # ☃\n  enabled: «true|false» # 日本\n«|  max_per_host: 7\n»',
  'a line separator, which ends no line': '# \u2028 x\nconnection_pool:\n  max_per_host: «3|7» # \u2028 y\n«|  enabled: false\n»b: 1\n',
  'no final newline, after a comment': 'connection_pool:\n  max_per_host: «3|7» # c«|\n  enabled: false»',
  'no final newline, after spaces': 'connection_pool: «|\n  enabled: false\n  max_per_host: 7»',
  'nothing but comments, without a final newline': '# a\n# b«|\nconnection_pool:\n  enabled: false\n  max_per_host: 7»',
  'nothing but empty lines': '\n\n«|connection_pool:\n  enabled: false\n  max_per_host: 7\n»',
  'a tilde': 'connection_pool: «~|{ enabled: false, max_per_host: 7 }» # c',
  'an empty flow map': 'connection_pool: {«| enabled: false, max_per_host: 7 »} # c\n',
  'an empty flow map on a line of its own': 'connection_pool:\n  {«| enabled: false, max_per_host: 7 »}\nb: 1\n',
  'an explicit key': '? connection_pool\n: enabled: «true|false»\n«|  max_per_host: 7\n»? b\n: 1\n',
  'a space before the colon': 'connection_pool :\n  enabled : «true|false»\n«|  max_per_host: 7\n»',
  'a file that is indented': '  a: 1\n  connection_pool:\n     enabled: «true|false»\n«|     max_per_host: 7\n»',
  'a text of several lines at the end': 'a: |+\n  text\n\n\n«|connection_pool:\n  enabled: false\n  max_per_host: 7\n»',
  'a text of several lines that ends the section':
    'connection_pool:\n  note: |+\n    text\n\n«|  enabled: false\n  max_per_host: 7\n»b: 1\n',
  'an alias as the last of the section': 'a: &a 1\nconnection_pool:\n  x: *a # c\n«|  enabled: false\n  max_per_host: 7\n»b: 1\n',
  'a section of that name inside another one':
    'a:\n  connection_pool:\n    enabled: true\n«|connection_pool:\n  enabled: false\n  max_per_host: 7\n»',
  'a text of that name': 'a: connection_pool\nb: "connection_pool: x"\n«|connection_pool:\n  enabled: false\n  max_per_host: 7\n»',
};

const REFUSED: Record<string, [text: string, words: RegExp]> = {
  'an anchor on the pool that is used': [
    'connection_pool: &pool\n  enabled: true\nx: *pool\n',
    /the anchor &pool, which is used elsewhere/,
  ],
  'an anchor on a null that is used': ['connection_pool: &p ~\nb: *p\n', /the anchor &p/],
  'a merge key': ['d: &d {max_per_host: 5}\nconnection_pool:\n  <<: *d\n  enabled: true\n', /merge/],
  'a merge that may bring the section': ['d: &d {a: 1}\n<<: *d\n', /merge/],
  'a second document, empty': ['a: 1\n---\n', /multiple documents.*line 2/],
  'a key twice, once in quotes': [
    'connection_pool:\n  enabled: true\n"connection_pool":\n  enabled: true\n',
    /a key is there twice.*line 3/,
  ],
  'a key of the section twice, once in quotes': ['connection_pool:\n  enabled: true\n  "enabled": true\n', /a key is there twice.*line 3/],
  'lines that end with CR alone': ['a: 1\rconnection_pool:\r  enabled: true\r', /not valid YAML/],
  'a comment that ends with CR alone, behind which others see a section': [
    '# a\rconnection_pool:\r  enabled: true\r',
    /line 1 .*carriage return/,
  ],
  'a text of several lines that ends with the file, without a newline': ['a: |\n  x', /put a newline at its end/],
  'a text in the section that ends with the file, without a newline': [
    'connection_pool:\n  enabled: true\n  a: |\n    x',
    /put a newline at its end/,
  ],
  'a key in flow style without a colon': ['connection_pool: {enabled}\n', /no colon; write enabled: false/],
  'an empty text': ['connection_pool: ""\n', /must be a map of keys/],
  'a tag on the value': ['connection_pool:\n  enabled: !!bool true\n', /remove the tag/],
  'an alias as the key': ['a: &k connection_pool\n*k :\n  enabled: true\n', /may be the key \*k, which is an alias/],
  'an alias as a key of the section': ['a: &k enabled\nconnection_pool:\n  *k : true\n', /enabled may be the key \*k/],
  'an explicit key in the section': ['connection_pool:\n  ? enabled\n  : true\n', /block style, one key a line/],
  'a list': ['- connection_pool:\n    enabled: true\n', /must be a map of keys, beginning with listen_addrs/],
};

describe('an odd file is changed in the meant bytes alone', () => {
  for (const [what, text] of Object.entries(CHANGED))
    test(what, () => {
      const { before, after } = marked(text);
      const { bytes } = editPool(Buffer.from(before), WANTED);
      assert.equal(bytes.toString('utf8'), after);
      assert.deepEqual(editPool(bytes, WANTED).edits, [], 'doing it again changes nothing');
    });
});

describe('or refused, in words that say what to do', () => {
  for (const [what, [text, words]] of Object.entries(REFUSED))
    test(what, () =>
      assert.throws(
        () => editPool(Buffer.from(text), WANTED),
        (error) => isHeadroomError(error) && error.code === 'config.invalid' && words.test(error.message),
      ),
    );
});
