'use client';
import dynamic from 'next/dynamic';

/** Fetched after what a page is about. */
export const OpenIncidentsLate = dynamic(() => import('./open-strip.tsx').then(({ OpenIncidents }) => OpenIncidents), { ssr: false });
