/** How people call a run: R- and the last characters of its id, R-4F2K9. */
export const runName = (id: string): string => `R-${id.slice(-5).toUpperCase()}`;
