'use client';
import dynamic from 'next/dynamic';
import { afterFirstData } from '#client/first-data.ts';

/** Loaded after the page: what the page is for comes first. */
export const TourLate = dynamic(
  () =>
    afterFirstData()
      .then(() => import('./tour.tsx'))
      .then((module) => module.Tour),
  { ssr: false },
);
export const TourOfferLate = dynamic(
  () =>
    afterFirstData()
      .then(() => import('./tour-offer.tsx'))
      .then((module) => module.TourOffer),
  { ssr: false },
);
