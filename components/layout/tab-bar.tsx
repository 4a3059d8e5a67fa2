'use client';
import Link from 'next/link';
import { useOpenIncidents } from '#client/incidents.ts';
import { GOVERN_NAV, isCurrent, MAIN_NAV } from './nav.ts';

/** The phone's navigation: what is asked for on call. Everything else is a jump away (the magnifier), or linked from these. */
const TABS: readonly string[] = ['fleet', 'incidents', 'runs', 'runbooks', 'settings'];

export function TabBar({ path }: { path: string }) {
  const open = useOpenIncidents();
  const items = [...MAIN_NAV, ...GOVERN_NAV].filter(({ key }) => TABS.includes(key));
  return (
    <nav className="tabbar" aria-label="Tabs">
      {items.map((item) => (
        <Link key={item.key} href={item.href} aria-current={isCurrent(item, path) ? 'page' : undefined}>
          <item.icon className="i" aria-hidden="true" />
          {item.label}
          {item.key === 'incidents' && open > 0 ? (
            <span className="badge">
              {open}
              <span className="vh"> open</span>
            </span>
          ) : null}
        </Link>
      ))}
    </nav>
  );
}
