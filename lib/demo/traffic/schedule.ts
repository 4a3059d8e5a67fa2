export type Ticker = { stop(): void };

/**
 * Calls `act` `perSecond` times a second: one call in every interval, at a drawn instant in its middle half. Short windows then hold the same
 * number of calls, which a Poisson stream's would not. What a late event loop missed is made up for, a second's worth at most.
 */
export function startTicker(perSecond: number, act: () => void, random: () => number = Math.random): Ticker {
  const interval = 1000 / perSecond;
  const started = performance.now() + random() * interval;
  let nth = 0;
  let timer: NodeJS.Timeout;
  const arm = () => {
    const due = started + nth * interval + (0.25 + random() * 0.5) * interval;
    timer = setTimeout(fire, Math.max(0, due - performance.now()));
  };
  const fire = () => {
    const behind = Math.floor((performance.now() - started) / interval) - nth;
    if (behind > perSecond) nth += behind - Math.floor(perSecond);
    nth += 1;
    arm();
    act();
  };
  arm();
  return { stop: () => clearTimeout(timer) };
}
