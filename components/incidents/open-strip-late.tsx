'use client';
import dynamic from 'next/dynamic';
import { afterFirstData } from '#client/first-data.ts';

/** Fetched after what a page is about. */
export const OpenIncidentsLate = dynamic(
  () =>
    afterFirstData()
      .then(() => import('./open-strip.tsx'))
      .then((module) => module.OpenIncidents),
  { ssr: false },
);
