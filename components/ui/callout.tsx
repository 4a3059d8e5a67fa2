import clsx from 'clsx';
import { CircleCheck, CircleQuestionMark, Info, OctagonX, RotateCw, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Tone } from './chip.tsx';

const ICONS = {
  ok: CircleCheck,
  warn: TriangleAlert,
  danger: OctagonX,
  unknown: CircleQuestionMark,
  accent: RotateCw,
  neutral: Info,
} as const;

/** Something to know before going on, with its icon. `live` announces it when it appears. */
export function Callout({ tone = 'neutral', children, live }: { tone?: Tone; children: ReactNode; live?: boolean }) {
  const Icon = ICONS[tone];
  return (
    <div className={clsx('callout', tone !== 'neutral' && tone)} role={live ? 'alert' : undefined}>
      <Icon className="i" aria-hidden="true" />
      <div className="grow">{children}</div>
    </div>
  );
}
