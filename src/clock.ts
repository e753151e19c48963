/** The source of the current time. It is passed in everywhere, so that tests can set it. */
export type Clock = {
  /** Milliseconds since the epoch. */
  now(): number;
};

export const systemClock: Clock = { now: () => Date.now() };
