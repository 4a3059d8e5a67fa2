import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { paletteEntries } from '#components/layout/palette/entries.ts';
import { HELP_PAGES } from '#server/help/contents.ts';
import { anchorOf } from '#server/help/render.ts';
import { demoFleet, fleetNode } from '#test/support/mock-fleet.ts';

const root = path.resolve(import.meta.dirname, '../..');
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && fs.existsSync(path.join(root, file)));
const read = (file: string) => fs.readFileSync(path.join(root, file), 'utf8');

/** `app/(console)/nodes/[id]/page.tsx` is `^/nodes/[^/]+$`; `[[...slug]]` is anything below, or nothing. */
const served = files
  .filter((file) => /^app\/.*\b(page\.tsx|route\.ts)$/.test(file))
  .map((file) => {
    const segments = path
      .dirname(file)
      .split('/')
      .slice(1)
      .filter((segment) => !/^\(.*\)$/.test(segment))
      .map((segment) => (segment.startsWith('[[...') ? '(/.*)?' : segment.startsWith('[') ? '/[^/]+' : `/${segment}`));
    return new RegExp(`^${segments.join('') || '/'}$`);
  });
const isServed = (href: string) => served.some((pattern) => pattern.test(href.replace(/[?#].*$/, '')));
const headings = (file: string) => [...read(file).matchAll(/^#{1,6}\s+(.+)$/gm)].map(([, heading]) => anchorOf(heading ?? ''));

/** What a text of the interface leads to: whole literals that begin with a slash, with `x` for each expression in them. */
const pathsIn = (text: string): string[] =>
  [...text.matchAll(/(?:href|push|replace|redirect)(?:=\{?|: ?|\()\s*(['"`])(\/(?!\/)(?:\$\{[^}]*\}|(?!\1).)*)\1/g)].map(
    ([, , href = '']) => href.replace(/\$\{(?:[^{}`]|`[^`]*`)*\}/g, 'x'),
  );

describe('no link leads nowhere', () => {
  test('of the interface: each path that a page names is one that is served', () => {
    let seen = 0;
    const dead: string[] = [];
    for (const file of files.filter((name) => /^(app|components)\/.*\.tsx?$/.test(name) && !name.startsWith('app/api/')))
      for (const href of pathsIn(read(file))) {
        seen += 1;
        if (!isServed(href)) dead.push(`${file}: ${href}`);
      }
    assert.ok(seen > 60, `${seen} links were found`);
    assert.deepEqual(dead, []);
  });

  test('of the navigation and the palette, whatever is typed', () => {
    const at = Date.UTC(2026, 0, 1);
    const known = {
      nodes: demoFleet().map((story) => fleetNode(story, at, at)),
      runs: [{ id: 'r_1', name: 'R-1', title: 'fd leak', status: 'running', summary: '' }],
      runbooks: [{ key: 'fd-leak', title: 'fd leak', stepCount: 9 }],
      mayOperate: true,
    };
    // a letter each finds every page, a name with each act every way to a node
    const queries = [
      '',
      ...'abcdefghijklmnopqrstuvwxyz',
      ...['restart', 'logs', 'open', 'turn', 'capture', 'raise', 'compare'].map((act) => `${act} edge`),
    ];
    const hrefs = queries.flatMap((query) => paletteEntries(query, known)).flatMap(({ does }) => ('href' in does ? [does.href] : []));
    assert.ok(new Set(hrefs).size > 30, `${new Set(hrefs).size} ways`);
    assert.deepEqual(
      [...new Set(hrefs)].filter((href) => !isServed(href)),
      [],
    );
  });

  test('of the interface to the help: the page is there, and the heading', () => {
    const dead: string[] = [];
    for (const file of files.filter((name) => /^(app|components|lib)\/.*\.tsx?$/.test(name)))
      for (const [, slug = '', anchor] of read(file).matchAll(/['"`]\/help\/([\w-]+)(?:#([\w-]+))?['"`]/g)) {
        const page = HELP_PAGES.find((known) => known.slug === slug);
        if (page === undefined ? slug !== 'api' : anchor !== undefined && !headings(`docs/${page.file}`).includes(anchor))
          dead.push(`${file}: /help/${slug}${anchor ? `#${anchor}` : ''}`);
      }
    assert.deepEqual(dead, []);
  });

  test('of the guides, README, SECURITY, the decisions and the pages of folders: the file is there, and the heading', () => {
    const dead: string[] = [];
    for (const file of files.filter((name) => name.endsWith('.md') && name !== 'THIRD_PARTY_NOTICES.md'))
      for (const [, href = ''] of read(file)
        .replace(/^(`{3,})[\s\S]*?^\1/gm, '')
        .matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^(https?|mailto):/.test(href)) continue;
        const [target = '', anchor] = href.split('#');
        const to = target === '' ? file : path.join(path.dirname(file), target);
        if (!fs.existsSync(path.join(root, to))) dead.push(`${file}: ${href}`);
        else if (anchor !== undefined && to.endsWith('.md') && !headings(to).includes(anchor))
          dead.push(`${file}: ${href} (no such heading)`);
      }
    assert.deepEqual(dead, []);
  });

  test('of a guide or a decision to a source: each file that it names is there', () => {
    const dead: string[] = [];
    for (const file of files.filter((name) =>
      /^docs\/.*\.md$|^(SECURITY|CHANGELOG)\.md$|^(components|test|lib|proxy-core)\/.*README\.md$/.test(name),
    ))
      for (const [, named = ''] of read(file).matchAll(
        /`((?:app|components|lib|proxy-core|scripts|test|deploy|docs|decisions)\/[\w./@()[\]-]+\.\w+)`/g,
      ))
        if (!fs.existsSync(path.join(root, named)) && !fs.existsSync(path.join(root, path.dirname(file), named)))
          dead.push(`${file}: ${named}`);
    assert.deepEqual(dead, []);
  });
});
