import clsx from 'clsx';
import Link from 'next/link';
import type { ComponentProps } from 'react';

type Look = {
  /** one `primary` a view; `danger` opens a dangerous act and ends in "…"; `danger-solid` is its last button */
  look?: 'plain' | 'primary' | 'ghost' | 'danger' | 'danger-solid';
  small?: boolean;
  /** square, for an icon alone: give it an aria-label */
  icon?: boolean;
};

const classes = ({ look = 'plain', small, icon }: Look, own?: string) =>
  clsx('btn', look !== 'plain' && look, small && 'sm', icon && 'icon', own);

export function Button({ look, small, icon, className, type = 'button', ...rest }: Look & ComponentProps<'button'>) {
  return <button type={type} className={classes({ look, small, icon } as Look, className)} {...rest} />;
}

/** A link that looks like a button: it goes somewhere, it does nothing. */
export function LinkButton({ look, small, icon, className, ...rest }: Look & ComponentProps<typeof Link>) {
  return <Link className={classes({ look, small, icon } as Look, className)} {...rest} />;
}
