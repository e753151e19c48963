/**
 * How often something may be tried, and how much of it at once. All counters are in memory and bounded: a flood of
 * new keys pushes out the keys least recently seen. Of what a caller types only a mail server's name is a key as it is;
 * an account's address is counted under a keyed hash.
 *
 * One number per key in an LRU (the generic cell rate algorithm): the limiters there are as packages keep a timer per
 * key without an upper bound, and go by the wall clock.
 */
import { LRUCache } from "lru-cache";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";

/** `burst` at once, then one every `everyMs`. */
export type Rate = { burst: number; everyMs: number };

/**
 * Per peer: an address, or an IPv6 /64, that one household or one attacker has. Claude's cloud calls for all its
 * people from a few addresses, so what it calls (register, token, wrongToken) is wide.
 */
export const rates = {
  /** Opening and sending pages under /oauth, per peer. Logins, which cost something, have rates of their own. */
  page: { burst: 300, everyMs: 200 },
  /** Registering a client, per peer. */
  register: { burst: 60, everyMs: 2_000 },
  /** The token and revocation endpoints, per peer. */
  token: { burst: 300, everyMs: 200 },
  /** A bearer token that is none, per peer. */
  wrongToken: { burst: 300, everyMs: 200 },
  /** Logins that failed, per peer. */
  loginByPeer: { burst: 10, everyMs: 30_000 },
  /** Logins that failed, per typed address and per user name at its server, from wherever. */
  loginByAccount: { burst: 6, everyMs: 60_000 },
  /** Logins that failed, per mail server. */
  loginByHost: { burst: 60, everyMs: 1_000 },
  /** Tool calls, per grant. */
  call: { burst: 60, everyMs: 1_000 },
  /** Any other request to /mcp, per grant. */
  message: { burst: 300, everyMs: 100 },
} as const satisfies Record<string, Rate>;

export type RateName = keyof typeof rates;

/** How many at once. */
export const gates = {
  /** Logins under way, per peer. */
  login: 2,
  /** Logins under way, in all. */
  allLogins: 32,
  /** Tool calls, per grant. */
  call: 4,
} as const satisfies Record<string, number>;

export type GateName = keyof typeof gates;

export type Limits = ReturnType<typeof createLimits>;

type Line = { running: number; waiting: (() => void)[] };

/** Keys remembered per rate; about 100 bytes each. */
const maxKeys = 20_000;

export type LimitOptions = {
  clock: Clock;
  /** A keyed hash, so that no address stands in memory for counting's sake. */
  hash: (value: string) => string;
  rates?: Partial<Record<RateName, Rate>>;
  gates?: Partial<Record<GateName, number>>;
};

export function createLimits(deps: LimitOptions) {
  const allRates: Record<RateName, Rate> = { ...rates, ...deps.rates };
  const allGates: Record<GateName, number> = { ...gates, ...deps.gates };
  /** Rate and key -> when the last of what was spent will be back, milliseconds since the epoch (GCRA). */
  const spent = new Map<RateName, LRUCache<string, number>>();
  const inFlight = new Map<string, number>();
  /** Grant -> its tool calls in flight, and who waits to be. */
  const lines = new Map<string, Line>();

  /** Made at a rate's first use: an LRU takes the room of all its keys at once. */
  function spentOf(name: RateName): LRUCache<string, number> {
    const ofRate = spent.get(name) ?? new LRUCache<string, number>({ max: maxKeys });
    spent.set(name, ofRate);
    return ofRate;
  }

  /** One try. Throws rate_limited with the seconds until the next is free. */
  function spend(name: RateName, key: string): void {
    const { burst, everyMs } = allRates[name];
    const now = deps.clock.now();
    const ofRate = spentOf(name);
    const back = ofRate.get(key) ?? now;
    // Further away than all of the burst: the clock was set back, and nobody need wait for that.
    const next = (back > now + burst * everyMs ? now : Math.max(back, now)) + everyMs;
    const waitMs = next - burst * everyMs - now;
    if (waitMs > 0) throw tooMuch(Math.ceil(waitMs / 1000));
    ofRate.set(key, next);
  }

  /** Gives a try back: what it was counted against did not happen. */
  function refund(name: RateName, key: string): void {
    const ofRate = spentOf(name);
    const next = ofRate.get(key);
    if (next !== undefined) ofRate.set(key, next - allRates[name].everyMs);
  }

  /** Takes a place among those at once; call what it returns to leave, once. Throws rate_limited when full. */
  function enter(name: GateName, key: string): () => void {
    const slot = `${name} ${key}`;
    const count = inFlight.get(slot) ?? 0;
    if (count >= allGates[name]) throw tooMuch(5);
    inFlight.set(slot, count + 1);
    return () => {
      const left = (inFlight.get(slot) ?? 1) - 1;
      if (left > 0) inFlight.set(slot, left);
      else inFlight.delete(slot);
    };
  }

  /** Takes all of `takings` or none; returns what gives them all back. */
  function all(takings: readonly (() => () => void)[]): () => void {
    const taken: (() => void)[] = [];
    const giveBack = () => {
      for (const undo of taken) undo();
    };
    try {
      for (const take of takings) taken.push(take());
    } catch (error) {
      giveBack();
      throw error;
    }
    return giveBack;
  }

  const counted = (name: RateName, key: string) => () => {
    spend(name, key);
    return () => refund(name, key);
  };

  return {
    spend,

    /**
     * A login at somebody's mail server, tried for `peer`. Counted before it is tried, so that a hundred at once
     * are no way around; given back when `work` succeeds, so that people are not in each other's way, and when the
     * host was refused, since then nobody was called. `accounts`: whose password is tried, by every name that tells
     * one account from another, since a typed user name need not be that of the typed address.
     */
    async withLogin<T>(
      attempt: { peer: string; accounts: readonly string[]; hosts: readonly string[] },
      work: () => Promise<T>,
    ): Promise<T> {
      const accounts = new Set(attempt.accounts.map((name) => deps.hash(name.trim().toLowerCase())));
      const hosts = new Set(attempt.hosts.map((host) => host.toLowerCase()));
      const leave = all([() => enter("login", attempt.peer), () => enter("allLogins", "all")]);
      try {
        const giveBack = all([
          counted("loginByPeer", attempt.peer),
          ...[...accounts].map((account) => counted("loginByAccount", account)),
          ...[...hosts].map((host) => counted("loginByHost", host)),
        ]);
        try {
          const result = await work();
          giveBack();
          return result;
        } catch (error) {
          if (error instanceof AppError && error.code === "host_refused") giveBack();
          throw error;
        }
      } finally {
        leave();
      }
    },

    /**
     * A place among a grant's tool calls in flight; call what it returns to give it back. Waits in line while all
     * are taken, since a client that asks five things at once means no harm. Throws rate_limited past the rate,
     * and the signal's reason when it fires first.
     */
    async enterCall(grantId: string, signal: AbortSignal): Promise<() => void> {
      spend("call", grantId);
      signal.throwIfAborted();
      const line = lines.get(grantId) ?? { running: 0, waiting: [] };
      lines.set(grantId, line);
      if (line.running < allGates.call) line.running += 1;
      else await turn(line, signal);
      return () => {
        // Handing the place on keeps the number in flight as it is.
        const next = line.waiting.shift();
        if (next) next();
        else line.running -= 1;
        if (line.running === 0) lines.delete(grantId);
      };
    },
  };
}

/** Waits until a place is handed on. */
function turn(line: Line, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const go = () => {
      signal.removeEventListener("abort", leave);
      resolve();
    };
    const leave = () => {
      line.waiting.splice(line.waiting.indexOf(go), 1);
      reject(signal.reason);
    };
    signal.addEventListener("abort", leave, { once: true });
    line.waiting.push(go);
  });
}

function tooMuch(seconds: number): AppError {
  return new AppError("rate_limited", `Too many tries at once; the next is free in ${seconds} s.`, {
    retryAfterSeconds: seconds,
  });
}
