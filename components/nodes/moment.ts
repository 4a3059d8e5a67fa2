import { useCallback } from 'react';
import { useUrlState } from '#client/url-state.ts';

/** Half of the range that is shown around a moment when the charts do not show it already. */
const AROUND_SECONDS = 600;

/** One instant of a node, in epoch seconds: chosen on a chart or in the journal, in the URL as `at`, and marked in both. */
export function useMoment() {
  const [text, setText] = useUrlState('at');
  const [, setTab] = useUrlState('tab');
  const [, setRange] = useUrlState('range');
  const at = text !== null && /^\d{9,11}$/.test(text) ? Number(text) : null;
  return {
    at,
    clear: useCallback(() => setText(null), [setText]),
    /** marks it where one is */
    choose: useCallback((seconds: number) => setText(String(Math.round(seconds))), [setText]),
    /** from the journal to the charts around it */
    open: useCallback(
      (seconds: number) => {
        const moment = Math.round(seconds);
        setText(String(moment));
        setRange(`${moment - AROUND_SECONDS}-${moment + AROUND_SECONDS}`);
        setTab(null);
      },
      [setText, setRange, setTab],
    ),
    /** from a chart to the journal */
    openLogs: useCallback(
      (seconds: number) => {
        setText(String(Math.round(seconds)));
        setTab('logs');
      },
      [setText, setTab],
    ),
  };
}
