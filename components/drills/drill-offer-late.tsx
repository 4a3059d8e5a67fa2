'use client';
import dynamic from 'next/dynamic';
import { afterFirstData } from '#client/first-data.ts';
import './drills.css';

/** Loaded after the fleet: what the page is for comes first. */
export const DrillOfferLate = dynamic(
  () =>
    afterFirstData()
      .then(() => import('./drill-offer.tsx'))
      .then((module) => module.DrillOffer),
  { ssr: false },
);
