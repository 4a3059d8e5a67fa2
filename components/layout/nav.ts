import {
  BookOpen,
  ChartSpline,
  CircleQuestionMark,
  FileDiff,
  History,
  LayoutGrid,
  ListChecks,
  type LucideIcon,
  ScrollText,
  Settings,
} from 'lucide-react';

export type NavItem = {
  key: 'fleet' | 'compare' | 'backtest' | 'runs' | 'changes' | 'runbooks' | 'audit' | 'settings' | 'help';
  label: string;
  href: string;
  icon: LucideIcon;
  /** pressed after g, it leads there */
  go?: string;
};

export const MAIN_NAV: readonly NavItem[] = [
  { key: 'fleet', label: 'Fleet', href: '/', icon: LayoutGrid, go: 'f' },
  { key: 'compare', label: 'Compare', href: '/compare', icon: ChartSpline, go: 'c' },
  { key: 'runs', label: 'Runs', href: '/runs', icon: ListChecks, go: 'r' },
  { key: 'changes', label: 'Changes', href: '/changes/new', icon: FileDiff, go: 'h' },
  { key: 'runbooks', label: 'Runbooks', href: '/runbooks', icon: BookOpen, go: 'b' },
];
export const GOVERN_NAV: readonly NavItem[] = [
  { key: 'backtest', label: 'Backtest', href: '/backtest', icon: History, go: 't' },
  { key: 'audit', label: 'Audit', href: '/audit', icon: ScrollText, go: 'a' },
  { key: 'settings', label: 'Settings', href: '/settings', icon: Settings, go: 's' },
  { key: 'help', label: 'Help', href: '/help', icon: CircleQuestionMark, go: '?' },
];

export const isCurrent = (item: NavItem, path: string): boolean =>
  item.key === 'fleet' ? path === '/' || path.startsWith('/nodes') : path.startsWith(`/${item.key}`);
