'use client';
import dynamic from 'next/dynamic';
import { useEffect, useState } from 'react';
import { onFactorNeeded } from '#client/http.ts';

/** Fetched when it is needed: no page carries it before. */
const StepUpDialog = dynamic(() => import('./step-up-dialog.tsx').then((part) => part.StepUpDialog), { ssr: false });

type Asking = { answer: Promise<boolean>; settle: (shown: boolean) => void };

/** Asks when the console wants a second factor fresh. Requests that need it at once share one question. */
export function StepUp() {
  const [asking, setAsking] = useState<Asking | null>(null);
  useEffect(() => {
    let open: Asking | null = null;
    return onFactorNeeded(() => {
      if (open) return open.answer;
      let settle: (shown: boolean) => void = () => undefined;
      const answer = new Promise<boolean>((resolve) => {
        settle = (shown) => {
          open = null;
          setAsking(null);
          resolve(shown);
        };
      });
      open = { answer, settle };
      setAsking(open);
      return answer;
    });
  }, []);
  return asking ? <StepUpDialog onShown={() => asking.settle(true)} onCancel={() => asking.settle(false)} /> : null;
}
