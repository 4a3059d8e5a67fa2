import { type RefObject, useEffect, useState } from 'react';

/** Below this all rows are in the page: find-in-page works and nothing is measured. */
const WINDOWED_ABOVE = 80;
/** Before the screen is measured: what a tall one shows, and no more. */
const FIRST = 32;
/** Rows kept on either side of the screen; the window moves in steps of this, so that most scroll events change nothing. */
const MARGIN = 8;
const USUAL_ROW_PX = 33;

export type RowWindow = { from: number; to: number; rowHeight: number };

/** The rows near the screen of a table that scrolls with the page. All rows have one height, which is measured on the first one. */
export function useRowWindow(body: RefObject<HTMLTableSectionElement | null>, count: number): RowWindow {
  const [shown, setShown] = useState<RowWindow>({ from: 0, to: FIRST, rowHeight: USUAL_ROW_PX });
  const isWindowed = count > WINDOWED_ABOVE;
  useEffect(() => {
    if (!isWindowed) return;
    let frame = 0;
    const measure = () => {
      frame = 0;
      const element = body.current;
      if (!element) return;
      const rowHeight = element.querySelector<HTMLTableRowElement>('tr[data-row]')?.offsetHeight || USUAL_ROW_PX;
      const top = -element.getBoundingClientRect().top;
      const steps = (px: number) => Math.floor(px / rowHeight / MARGIN);
      const from = Math.max(0, (steps(top) - 1) * MARGIN);
      const to = Math.max(from + MARGIN, (steps(top + innerHeight) + 2) * MARGIN);
      setShown((before) => (before.from === from && before.to === to && before.rowHeight === rowHeight ? before : { from, to, rowHeight }));
    };
    const later = () => {
      frame ||= requestAnimationFrame(measure);
    };
    measure();
    addEventListener('scroll', later, { passive: true });
    addEventListener('resize', later);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener('scroll', later);
      removeEventListener('resize', later);
    };
  }, [body, isWindowed]);
  return isWindowed
    ? { ...shown, from: Math.min(shown.from, count - 1), to: Math.min(shown.to, count) }
    : { from: 0, to: count, rowHeight: USUAL_ROW_PX };
}
