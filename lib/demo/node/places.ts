const PLACES = [
  { zone: 'fra', site: 'frankfurt' },
  { zone: 'ams', site: 'amsterdam' },
  { zone: 'cdg', site: 'paris' },
  { zone: 'waw', site: 'warsaw' },
  { zone: 'arn', site: 'stockholm' },
] as const;

export type Place = { name: string; labels: Record<string, string> };

/** Names and labels of the first `count` nodes: two in a row per place, so that five nodes span three. They say nothing about drills. */
export function placesFor(count: number): Place[] {
  return Array.from({ length: count }, (_, index) => {
    const place = PLACES[Math.floor(index / 2) % PLACES.length] ?? PLACES[0];
    const nth = Math.floor(index / (2 * PLACES.length)) * 2 + (index % 2) + 1;
    return {
      name: `edge-${place.zone}-${String(nth).padStart(2, '0')}`,
      labels: { group: 'edge', zone: place.zone, site: place.site, env: 'demo' },
    };
  });
}
