'use client';
import Link from 'next/link';
import { GOVERN_NAV, isCurrent, MAIN_NAV } from './nav.ts';

/** The phone's navigation: five tabs; comparing starts at the fleet, audit and signing out are on the settings page. */
export function TabBar({ path }: { path: string }) {
  const items = [...MAIN_NAV.filter(({ key }) => key !== 'compare'), ...GOVERN_NAV.filter(({ key }) => key === 'settings')];
  return (
    <nav className="tabbar" aria-label="Tabs">
      {items.map((item) => (
        <Link key={item.key} href={item.href} aria-current={isCurrent(item, path) ? 'page' : undefined}>
          <item.icon className="i" aria-hidden="true" />
          {item.label}
        </Link>
      ))}
    </nav>
  );
}
