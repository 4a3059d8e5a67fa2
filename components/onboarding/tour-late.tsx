'use client';
import dynamic from 'next/dynamic';

/** Loaded after the page: what the page is for comes first. */
export const TourLate = dynamic(() => import('./tour.tsx').then(({ Tour }) => Tour), { ssr: false });
export const TourOfferLate = dynamic(() => import('./tour-offer.tsx').then(({ TourOffer }) => TourOffer), { ssr: false });
