'use client';
import { useEffect, useState } from 'react';
import { useSession } from '#client/session.ts';
import { Button, LinkButton } from '#components/ui/button.tsx';
import { keep, NOWHERE, recall } from './tour-memory.ts';
import './onboarding.css';

/** On the demo's first page, until it was taken or refused once. In the page itself: it covers nothing. */
export function TourOffer() {
  const { data } = useSession();
  const [open, setOpen] = useState(false);
  const user = data?.actor.id ?? null;
  const demo = data?.demo === true;
  useEffect(() => setOpen(user !== null && demo && recall(user) === null), [user, demo]);
  if (!open || user === null) return null;
  return (
    <section className="tour-offer" aria-label="New here?">
      <p>
        <b>New here?</b> Seven short stops over these pages, from a leak to its postmortem.
      </p>
      <LinkButton small href="/?tour=1" onClick={() => setOpen(false)}>
        Take the tour
      </LinkButton>
      <Button
        small
        look="ghost"
        onClick={() => {
          keep(user, NOWHERE);
          setOpen(false);
        }}
      >
        No, thanks
      </Button>
    </section>
  );
}
