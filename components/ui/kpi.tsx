import clsx from 'clsx';
import Link from 'next/link';
import type { ReactNode } from 'react';
import { Mark, type MarkKind } from './mark.tsx';

/** One cell of a KPI strip: what, the figure with its unit, and its doubt or neighbour below. */
export function Kpi({
  label,
  mark,
  value,
  unit,
  detail,
  tone,
  href,
  className,
}: {
  label: string;
  mark?: MarkKind | undefined;
  value: ReactNode;
  unit?: string | undefined;
  detail?: ReactNode;
  tone?: 'danger' | 'warn' | 'unknown' | undefined;
  href?: string | undefined;
  className?: string | undefined;
}) {
  const body = (
    <>
      <div className="k">
        {mark ? <Mark kind={mark} /> : null}
        {label}
      </div>
      <div className={clsx('v', tone && `fg-${tone}`)}>
        {value}
        {unit ? <span className="u"> {unit}</span> : null}
      </div>
      <div className="d">{detail}</div>
    </>
  );
  const classes = clsx('kpi', className);
  return href ? (
    <Link className={classes} href={href}>
      {body}
    </Link>
  ) : (
    <div className={classes}>{body}</div>
  );
}

export function KpiStrip({ label, children, className }: { label: string; children: ReactNode; className?: string }) {
  return (
    <section className={clsx('kpis', className)} aria-label={label}>
      {children}
    </section>
  );
}
