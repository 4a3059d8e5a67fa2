import fs from 'node:fs/promises';
import { HELP, HELP_PAGES, type HelpPage } from './contents.ts';
import { type Rendered, renderGuide } from './render.ts';

export type Guide = HelpPage & Rendered;
export type Help = ReturnType<typeof createHelp>;

const DOCS = new URL('../../../docs/', import.meta.url);
/** Pictures of the guides; anything else below docs/ is not served. */
const PICTURE = /^pictures\/([a-z0-9-]+\.(?:svg|png|webp))$/;
const TYPES: Record<string, string> = { svg: 'image/svg+xml', png: 'image/png', webp: 'image/webp' };

/** The guides of docs/ that lie beside this console: they are about this very version. */
export function createHelp(docs: URL = DOCS) {
  return {
    contents: HELP,
    /** A guide of the closed list, rendered; null where there is none of that name. */
    async guide(slug: string): Promise<Guide | null> {
      const found = HELP_PAGES.find((page) => page.slug === slug);
      if (!found) return null;
      const text = await fs.readFile(new URL(found.file, docs), 'utf8').catch(() => null);
      return text === null ? null : { ...found, ...renderGuide(text, leadsTo) };
    },
    /** A picture that a guide shows; null where there is none. */
    async picture(name: string): Promise<{ bytes: Uint8Array<ArrayBuffer>; type: string } | null> {
      const file = PICTURE.exec(`pictures/${name}`)?.[1];
      if (file === undefined) return null;
      const bytes = await fs.readFile(new URL(`pictures/${file}`, docs)).catch(() => null);
      return bytes === null
        ? null
        : { bytes: new Uint8Array(bytes), type: TYPES[file.split('.').at(-1) ?? ''] ?? 'application/octet-stream' };
    },
  };
}

/** Where a link of docs/ leads on the help pages; null for files that are not served. */
export function leadsTo(href: string): string | null {
  if (/^https?:\/\//.test(href) || href.startsWith('#')) return href;
  const [file = '', anchor] = href.split('#');
  const guide = HELP_PAGES.find((page) => page.file === file);
  if (guide) return `/help/${guide.slug}${anchor ? `#${anchor}` : ''}`;
  if (file === 'openapi.json') return '/api/openapi.json';
  const picture = PICTURE.exec(file)?.[1];
  return picture === undefined ? null : `/help/pictures/${picture}`;
}
