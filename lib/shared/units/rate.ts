import { formatCount, formatFigure, formatSigned } from './count.ts';

/** Slope of open fds: "+346 fds/min". */
export const formatSlope = (fdsPerMinute: number): string => `${formatSigned(fdsPerMinute)} fds/min`;

/** "412 per 1,000 conn" */
export const formatPer1000 = (fds: number): string => `${formatFigure(fds)} per 1,000 conn`;

/** Connections a second keep one digit up to 100: "14.0 conn/s", "2,944 conn/s". */
export const formatPerSecond = (perSecond: number): string => (perSecond < 99.95 ? perSecond.toFixed(1) : formatCount(perSecond));
