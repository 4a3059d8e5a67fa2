/** As they are written on the sheet and in the palette. */
export const KEYS = { palette: 'Ctrl K', sheet: '?', theme: 't', selector: '/' } as const;
