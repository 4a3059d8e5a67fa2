import { createRing, type EventHub } from './hub.ts';

export type { EventHub, EventListener } from './hub.ts';
export { createSharedHub, type SharedHub } from './shared-hub.ts';

/** In this process alone. Ids rise by one from 1, and start anew with the process. */
export function createEventHub(
  options: { /** a listener threw; the others were told all the same */ onError?: (error: unknown) => void } = {},
): EventHub {
  const ring = createRing(options);
  const publish: EventHub['publish'] = (event, about = {}) => ring.tell(ring.lastId() + 1, event, { ...about, own: true });
  return {
    ...ring,
    publish,
    within: async (_tx, events) => () => {
      for (const event of events) publish(event);
    },
    reach: async () => undefined,
  };
}
