'use client';
import { usePathname, useRouter, useSearchParams } from 'next/navigation';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useFleet } from '#client/nodes.ts';
import { useSession } from '#client/session.ts';
import { Button } from '#components/ui/button.tsx';
import { keep, type Memory, NOWHERE, recall } from './tour-memory.ts';
import { tourSteps } from './tour-steps.ts';
import './onboarding.css';

/** A bar below the real pages: it explains, it never covers what it is about, and the page works on as if it were not there. */
export function Tour() {
  const session = useSession();
  const { data: fleet } = useFleet();
  const path = usePathname();
  const router = useRouter();
  const asked = useSearchParams().get('tour') === '1';
  const user = session.data?.actor.id ?? null;
  const [memory, setMemory] = useState<Memory | null | undefined>(undefined);
  const heading = useRef<HTMLHeadingElement>(null);
  const moved = useRef(false);

  useEffect(() => {
    if (user !== null) setMemory(recall(user));
  }, [user]);
  const put = useCallback(
    (next: Memory) => {
      setMemory(next);
      if (user !== null) keep(user, next);
    },
    [user],
  );
  useEffect(() => {
    if (!asked || user === null) return;
    put({ at: 0, run: null });
    router.replace('/');
  }, [asked, user, put, router]);

  const at = memory?.at ?? null;
  const run = memory?.run ?? null;
  const seen = /^\/runs\/([^/]+)$/.exec(path)?.[1] ?? null;
  useEffect(() => {
    if (at !== null && at >= 3 && at <= 5 && seen !== null && seen !== run) put({ at: Math.max(at, 4), run: seen });
  }, [at, run, seen, put]);
  const open = at !== null;
  useEffect(() => {
    if (!open) return;
    document.documentElement.dataset.tour = '';
    return () => {
      delete document.documentElement.dataset.tour;
    };
  }, [open]);
  useEffect(() => {
    // who pressed Next is in the card; nobody else's focus is taken
    if (at !== null && moved.current) heading.current?.focus();
    moved.current = false;
  }, [at]);

  const steps = tourSteps(fleet?.nodes ?? [], run);
  const step = at === null ? undefined : steps[Math.min(at, steps.length - 1)];
  if (at === null || step === undefined) return null;
  const go = (to: number) => {
    moved.current = true;
    put({ at: to, run });
    const next = steps[to];
    if (next && (!next.on.test(path) || (to <= 1 && path !== next.href))) router.push(next.href);
  };
  const leave = () => put(NOWHERE);
  return (
    <section
      className="tour"
      aria-label="Guided tour"
      onKeyDown={(event) => {
        if (event.key === 'Escape') leave();
      }}
    >
      <span className="sm t3">
        {at + 1} of {steps.length}
      </span>
      <div aria-live="polite" className="grid gap-1">
        <h2 ref={heading} tabIndex={-1}>
          {step.title}
        </h2>
        <p>{step.words}</p>
      </div>
      <div className="form-foot">
        <Button small disabled={at === 0} onClick={() => go(at - 1)}>
          Back
        </Button>
        {at < steps.length - 1 ? (
          <Button small look="primary" onClick={() => go(at + 1)}>
            Next
          </Button>
        ) : (
          <Button small look="primary" onClick={leave}>
            Finish
          </Button>
        )}
        {step.on.test(path) ? null : (
          <Button small onClick={() => router.push(step.href)}>
            Take me there
          </Button>
        )}
        <Button small look="ghost" className="push" onClick={leave}>
          Leave
        </Button>
      </div>
    </section>
  );
}
