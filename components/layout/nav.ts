import { BookOpen, ChartSpline, FileDiff, History, LayoutGrid, ListChecks, type LucideIcon, ScrollText, Settings } from 'lucide-react';

export type NavItem = {
  key: 'fleet' | 'compare' | 'backtest' | 'runs' | 'changes' | 'runbooks' | 'audit' | 'settings';
  label: string;
  href: string;
  icon: LucideIcon;
};

export const MAIN_NAV: readonly NavItem[] = [
  { key: 'fleet', label: 'Fleet', href: '/', icon: LayoutGrid },
  { key: 'compare', label: 'Compare', href: '/compare', icon: ChartSpline },
  { key: 'runs', label: 'Runs', href: '/runs', icon: ListChecks },
  { key: 'changes', label: 'Changes', href: '/changes/new', icon: FileDiff },
  { key: 'runbooks', label: 'Runbooks', href: '/runbooks', icon: BookOpen },
];
export const GOVERN_NAV: readonly NavItem[] = [
  { key: 'backtest', label: 'Backtest', href: '/backtest', icon: History },
  { key: 'audit', label: 'Audit', href: '/audit', icon: ScrollText },
  { key: 'settings', label: 'Settings', href: '/settings', icon: Settings },
];

export const isCurrent = (item: NavItem, path: string): boolean =>
  item.key === 'fleet' ? path === '/' || path.startsWith('/nodes') : path.startsWith(`/${item.key}`);
