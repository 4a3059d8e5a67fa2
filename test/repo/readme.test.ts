import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { notices } from '../../scripts/notices.ts';

const root = path.resolve(import.meta.dirname, '../..');
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && fs.existsSync(path.join(root, file)));
const read = (file: string) => fs.readFileSync(path.join(root, file), 'utf8');
const TEXT = /\.(ts|tsx|mjs|cjs|js|json|md|css|yml|yaml|sh|service|socket)$|^\.ci\/run$|^\.npmrc$/;

describe('what the documents say is there', () => {
  test('the notices name what is delivered: after a change of the dependencies, run node scripts/notices.ts', () => {
    assert.equal(read('THIRD_PARTY_NOTICES.md'), notices());
  });

  test('every path that README names exists', () => {
    const named = [...read('README.md').matchAll(/`([\w.@()[\]-]+(?:\/[\w.@()[\]-]+)+\/?)`/g)].map((match) => match[1] ?? '');
    assert.ok(named.length >= 15, `README names ${named.length} paths`);
    assert.deepEqual(
      named.filter((name) => !fs.existsSync(path.join(root, name))),
      [],
    );
  });

  test('README shows the two flows by file names, in order', () => {
    const readme = read('README.md');
    for (const flow of [
      [
        'proxy-core/src/observe/exposition.ts',
        'lib/server/scrape/scraper.ts',
        'lib/server/metrics/',
        'lib/server/detect/',
        'app/api/v1/nodes/[id]/metrics/route.ts',
        'lib/client/metrics.ts',
        'components/charts/time-series.tsx',
      ],
      [
        'components/changes/',
        'lib/client/runs.ts',
        'app/api/v1/runs/route.ts',
        'lib/server/runs/start.ts',
        'lib/server/runs/engine.ts',
        'lib/server/runs/decide.ts',
        'lib/server/ssh/',
        'lib/server/runs/steps/',
        'lib/client/live.ts',
      ],
    ]) {
      let at = 0;
      for (const step of flow) {
        const next = readme.indexOf(`\`${step}\``, at);
        assert.ok(next >= 0, `${step} is missing, or out of order, in README`);
        at = next;
      }
    }
  });

  test('README or a guide tells of every script of package.json', () => {
    const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(read('package.json')));
    const guides = files.filter((file) => file === 'README.md' || /^docs\/[^/]+\.md$/.test(file)).map(read);
    const told = (name: string) => (['test', 'start'].includes(name) ? `npm ${name}` : `npm run ${name}`);
    assert.deepEqual(
      Object.keys(scripts).filter((name) => !guides.some((text) => text.includes(told(name)))),
      [],
    );
  });
});

describe('the rules of the house that no tool knows', () => {
  test('no source file is longer than 500 lines', () => {
    const long = files.filter((file) => /\.(ts|tsx|mjs)$/.test(file) && read(file).split('\n').length > 501);
    assert.deepEqual(long, []);
  });

  test('file and folder names are kebab-case', () => {
    const odd = files.filter(
      (file) => /^(app|components|lib|proxy-core\/src|test|scripts)\//.test(file) && /[A-Z]/.test(file) && !file.endsWith('README.md'),
    );
    assert.deepEqual(odd, []);
  });

  test('no file names the host of a package registry', () => {
    const hosts = new RegExp(
      [
        ['registry', 'npmjs'],
        ['deb', 'debian', 'org'],
      ]
        .map((parts) => parts.join('\\.'))
        .join('|'),
    );
    assert.deepEqual(
      files.filter((file) => (TEXT.test(file) || file === 'package-lock.json') && hosts.test(read(file))),
      [],
    );
  });

  test('the judgement never reads the drill metric: only the pages may show it', () => {
    const readers = files.filter((file) => /^lib\/server\/(detect|runs|incidents)\//.test(file) && /drill/i.test(read(file)));
    assert.deepEqual(readers, []);
  });

  test('every reason in test/skips.json is for a test that exists', () => {
    const skips: Record<string, Record<string, string>> = JSON.parse(read('test/skips.json'));
    for (const [file, tests] of Object.entries(skips))
      for (const [name, why] of Object.entries(tests)) {
        assert.ok(files.includes(file), `${file} is not there`);
        assert.ok(read(file).includes(name), `${file} has no test named ${name}`);
        assert.ok(why.length > 20, `${name}: the reason is too short`);
      }
  });
});
