import {
  Bell,
  BookOpen,
  CalendarDays,
  ChartSpline,
  CircleQuestionMark,
  FileDiff,
  FlaskConical,
  History,
  LayoutGrid,
  ListChecks,
  type LucideIcon,
  ScrollText,
  Settings,
  Siren,
} from 'lucide-react';

export type NavItem = {
  key:
    | 'drills'
    | 'reports'
    | 'fleet'
    | 'incidents'
    | 'alerts'
    | 'compare'
    | 'backtest'
    | 'runs'
    | 'changes'
    | 'runbooks'
    | 'audit'
    | 'settings'
    | 'help';
  label: string;
  href: string;
  icon: LucideIcon;
  /** pressed after g, it leads there */
  go?: string;
};

export const MAIN_NAV: readonly NavItem[] = [
  { key: 'fleet', label: 'Fleet', href: '/', icon: LayoutGrid, go: 'f' },
  { key: 'incidents', label: 'Incidents', href: '/incidents', icon: Siren, go: 'i' },
  { key: 'alerts', label: 'Alerts', href: '/alerts', icon: Bell, go: 'l' },
  { key: 'compare', label: 'Compare', href: '/compare', icon: ChartSpline, go: 'c' },
  { key: 'runs', label: 'Runs', href: '/runs', icon: ListChecks, go: 'r' },
  { key: 'changes', label: 'Changes', href: '/changes/new', icon: FileDiff, go: 'h' },
  { key: 'runbooks', label: 'Runbooks', href: '/runbooks', icon: BookOpen, go: 'b' },
  { key: 'drills', label: 'Drills', href: '/drills', icon: FlaskConical, go: 'd' },
];
export const GOVERN_NAV: readonly NavItem[] = [
  { key: 'backtest', label: 'Backtest', href: '/backtest', icon: History, go: 't' },
  { key: 'reports', label: 'Reports', href: '/reports', icon: CalendarDays, go: 'p' },
  { key: 'audit', label: 'Audit', href: '/audit', icon: ScrollText, go: 'a' },
  { key: 'settings', label: 'Settings', href: '/settings', icon: Settings, go: 's' },
  { key: 'help', label: 'Help', href: '/help', icon: CircleQuestionMark, go: '?' },
];

export const isCurrent = (item: NavItem, path: string): boolean =>
  item.key === 'fleet' ? path === '/' || path.startsWith('/nodes') : path.startsWith(`/${item.key}`);
