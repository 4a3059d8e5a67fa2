'use client';
import clsx from 'clsx';
import Link from 'next/link';
import { Fragment, type ReactNode } from 'react';
import { preload } from 'react-dom';
import { AsOf } from './as-of.tsx';
import { useFreshness } from './freshness.ts';
import { Jump } from './palette/jump.tsx';
import { Strips } from './strips.tsx';
import { ThemeSwitch } from './theme-switch.tsx';

export type Crumb = { label: string; href?: string };

/** Header with the breadcrumb, what everyone must know now (stale data, a drill), and the page itself. */
export function Page({ crumbs, children, className }: { crumbs: readonly Crumb[]; children: ReactNode; className?: string }) {
  const freshness = useFreshness();
  // every page shows the fleet's state: where it did not come with the page, it is asked for beside the script, not after it
  if (freshness.kind === 'none') preload('/api/v1/fleet', { as: 'fetch', crossOrigin: 'anonymous' });
  const title = crumbs.at(-1)?.label ?? 'Headroom';
  return (
    <>
      <title>{`${title} · Headroom`}</title>
      <header className="top">
        <nav className="crumbs" aria-label="Breadcrumb">
          {crumbs.map((crumb, index) => {
            const last = index === crumbs.length - 1;
            return (
              <Fragment key={crumb.label}>
                {crumb.href ? (
                  <Link className="hide-m" href={crumb.href}>
                    {crumb.label}
                  </Link>
                ) : (
                  <b className={last ? undefined : 'hide-m'} aria-current={last ? 'page' : undefined}>
                    {crumb.label}
                  </b>
                )}
                {last ? null : (
                  <span className="hide-m" aria-hidden="true">
                    /
                  </span>
                )}
              </Fragment>
            );
          })}
        </nav>
        <div className="end">
          <Jump />
          <AsOf freshness={freshness} />
          <ThemeSwitch />
        </div>
      </header>
      <div className="body" data-stale={freshness.kind === 'stale' || freshness.kind === 'lost'}>
        <Strips freshness={freshness} />
        <main className={clsx('main', className)} id="main" tabIndex={-1}>
          {children}
        </main>
      </div>
    </>
  );
}

export function PageHead({
  title,
  sub,
  actions,
  children,
}: {
  title: ReactNode;
  sub?: ReactNode;
  actions?: ReactNode;
  children?: ReactNode;
}) {
  return (
    <div className="page-h">
      <div className="grow">
        <h1>{title}</h1>
        {sub ? <p className="sub">{sub}</p> : null}
      </div>
      {actions ? <div className="actions">{actions}</div> : null}
      {children}
    </div>
  );
}
