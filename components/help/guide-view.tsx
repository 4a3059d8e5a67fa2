import Link from 'next/link';

type Contents = readonly { title: string; pages: readonly { slug: string; title: string }[] }[];

/** A guide with what else there is beside it. `html` is made from our own docs/ by lib/server/help, which lets no markup of a text through. */
export function GuideView({
  contents,
  slug,
  html,
  headings,
}: {
  contents: Contents;
  slug: string;
  html: string;
  headings: readonly { title: string; anchor: string }[];
}) {
  return (
    <div className="help-page">
      <nav className="help-nav" aria-label="Guides">
        <section>
          <h2>Show me</h2>
          <ul>
            <li>
              <Link href="/?tour=1">Guided tour of these pages</Link>
            </li>
            <li>
              <Link href="/welcome">Set up the first nodes</Link>
            </li>
          </ul>
        </section>
        {contents.map(({ title, pages }) => (
          <section key={title}>
            <h2>{title}</h2>
            <ul>
              {pages.map((page) => (
                <li key={page.slug}>
                  <Link href={`/help/${page.slug}`} aria-current={page.slug === slug ? 'page' : undefined}>
                    {page.title}
                  </Link>
                  {page.slug === slug && headings.length > 1 ? (
                    <ul>
                      {headings.map(({ title: heading, anchor }) => (
                        <li key={anchor}>
                          <a href={`#${anchor}`}>{heading}</a>
                        </li>
                      ))}
                    </ul>
                  ) : null}
                </li>
              ))}
            </ul>
          </section>
        ))}
      </nav>
      {/* biome-ignore lint/security/noDangerouslySetInnerHtml: our own guides; what they hold as HTML is escaped by the renderer */}
      <article className="guide" dangerouslySetInnerHTML={{ __html: html }} />
    </div>
  );
}
