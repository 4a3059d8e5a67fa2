'use client';
import dynamic from 'next/dynamic';
import './drills.css';

/** Loaded after the fleet: what the page is for comes first. */
export const DrillOfferLate = dynamic(() => import('./drill-offer.tsx').then((module) => module.DrillOffer), { ssr: false });
