'use client';
import { type FirstAnswers, useFirstAnswers } from '#client/first-answers.ts';
import { DrillOfferLate } from '#components/drills/drill-offer-late.tsx';
import { OpenIncidentsLate } from '#components/incidents/open-strip-late.tsx';
import { Page } from '#components/layout/page.tsx';
import { FleetView } from '#components/nodes/fleet-view.tsx';
import { TourOfferLate } from '#components/onboarding/tour-late.tsx';

export function FleetPage({ answers }: { answers: FirstAnswers | null }) {
  useFirstAnswers(answers);
  return (
    <Page crumbs={[{ label: 'Fleet' }]}>
      <OpenIncidentsLate />
      <TourOfferLate />
      <FleetView />
      <DrillOfferLate />
    </Page>
  );
}
