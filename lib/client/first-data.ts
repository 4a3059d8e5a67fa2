/** Nothing waits longer for the fleet than this. */
const LONGEST_MS = 4000;

let say: () => void = () => undefined;
const drawn = new Promise<void>((resolve) => {
  say = resolve;
});

/** The page has drawn what it is for, or cannot. */
export const firstDataDrawn = (): void => {
  if ('requestIdleCallback' in globalThis) requestIdleCallback(say, { timeout: 500 });
  else setTimeout(say);
};

/** On the fleet page, over once the fleet stands on the screen: what is a third of the script must not come before what is looked for at 3 a.m. */
export const afterFirstData = (): Promise<void> =>
  globalThis.location?.pathname === '/'
    ? Promise.race([drawn, new Promise<void>((resolve) => setTimeout(resolve, LONGEST_MS))])
    : Promise.resolve();
