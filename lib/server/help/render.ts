import { Marked, type Tokens } from 'marked';

/** In the address of a heading, as code hosts make it: "Who may do what" → who-may-do-what. */
export const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/<[^>]+>|&[a-z]+;/g, '')
    .replace(/[^\p{L}\p{N}\s-]/gu, '')
    .trim()
    .replace(/\s+/g, '-');

export type Rendered = { html: string; headings: { title: string; anchor: string }[] };

/**
 * A guide as HTML. Its text is ours, from docs/; HTML in it is shown as text all the same. `linkTo` says where a link leads, or null where it can not
 * lead from here: its words stay.
 */
export function renderGuide(markdown: string, linkTo: (href: string) => string | null): Rendered {
  const headings: Rendered['headings'] = [];
  const marked = new Marked({
    gfm: true,
    renderer: {
      heading({ tokens, depth, text }: Tokens.Heading) {
        const anchor = anchorOf(text);
        if (depth === 2) headings.push({ title: this.parser.parseInline(tokens, this.parser.textRenderer), anchor });
        return `<h${depth} id="${anchor}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      link({ href, tokens }: Tokens.Link) {
        const words = this.parser.parseInline(tokens);
        const to = linkTo(href);
        return to === null ? words : `<a href="${escapeHtml(to)}">${words}</a>`;
      },
      image({ href, text }: Tokens.Image) {
        const to = linkTo(href);
        return to === null ? escapeHtml(text) : `<img src="${escapeHtml(to)}" alt="${escapeHtml(text)}" loading="lazy">`;
      },
      table(token: Tokens.Table) {
        const cells = (row: Tokens.TableCell[], tag: 'th' | 'td') =>
          `<tr>${row.map((cell) => `<${tag}>${this.parser.parseInline(cell.tokens)}</${tag}>`).join('')}</tr>`;
        const body = token.rows.map((row) => cells(row, 'td')).join('');
        return `<div class="guide-table" role="region" aria-label="Table" tabindex="0"><table><thead>${cells(token.header, 'th')}</thead><tbody>${body}</tbody></table></div>`;
      },
      // what scrolls sideways on a phone must take the keyboard
      code: ({ text }: Tokens.Code) =>
        `<pre role="region" aria-label="Text to copy" tabindex="0"><code>${escapeHtml(text)}\n</code></pre>\n`,
      html: ({ text }: Tokens.HTML | Tokens.Tag) => escapeHtml(text),
    },
  });
  const html = marked.parse(markdown, { async: false });
  return { html, headings };
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');
