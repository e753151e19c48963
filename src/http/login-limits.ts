/**
 * Limits of logins at third parties' mail servers on behalf of strangers.
 *
 * Guessing is stopped where it comes from: a peer that fails too often is refused. It never locks the owner of an address
 * out: failures for an address or at a server, from whatever peer, delay a login by at most `maxDelayMs`.
 *
 * Slow servers of strangers do not keep others out either: when all places are taken, a login that runs for longer than
 * `loginPlaceMs` ends as soon as another one waits, and the peers that wait take turns.
 */
import { setTimeout as wait } from "node:timers/promises";
import { toAbortError } from "../abort.ts";
import { AppError } from "../errors.ts";
import { createGate, type Gate } from "../gate.ts";
import { type Rates, rateLimited } from "./rates.ts";

/** Maximum delay of a login because of the failures of others. */
const maxDelayMs = 2_000;
/** Time a login may run undisturbed while others wait for its place. */
const defaultPlaceMs = 5_000;
/** Maximum time to wait for a place, over all peers and at one server. */
const placeWaitMs = 20_000;

type LoginRate = "loginByPeer" | "loginByAccount" | "loginByHost";

type LoginAttempt = {
  peer: string;
  /** All names that identify the account whose password is tried: the user name may differ from the address. */
  accounts: readonly string[];
  signal: AbortSignal;
};

/** A login in progress. */
export type Login = {
  /**
   * Runs one login at a server, after those that wait there before it. `prove` gets the signal that ends it. Throws
   * rate_limited, or what `prove` throws.
   */
  at<T>(server: { host: string; port: number }, prove: (signal: AbortSignal) => Promise<T>): Promise<T>;
};

type LoginLimits = {
  /**
   * Runs a login on behalf of a peer. The try is counted before it is made, so that a hundred parallel tries cannot
   * pass. It is given back when `work` succeeds, so that users behind one address do not block each other, and when no
   * server was contacted. Throws rate_limited, or what `work` throws.
   */
  withLogin<T>(attempt: LoginAttempt, work: (login: Login) => Promise<T>): Promise<T>;
};

/** No limits, for the operator's own checks. */
export const unlimitedLogins: LoginLimits = {
  withLogin: ({ signal }, work) => work({ at: (_server, prove) => prove(signal) }),
};

export function createLoginLimits(deps: {
  rates: Rates<LoginRate>;
  concurrency: { login: number; allLogins: number; loginAtServer: number };
  hash: (value: string) => string;
  pause?: (ms: number, signal: AbortSignal) => Promise<void>;
  loginPlaceMs?: number | undefined;
}): LoginLimits {
  const { rates, concurrency, hash, pause = pauseFor, loginPlaceMs = defaultPlaceMs } = deps;
  const allLogins = createGate({ maxRunning: concurrency.allLogins, guaranteedMs: loginPlaceMs });
  const acquireServer = createServerGates(concurrency.loginAtServer);
  const acquirePeer = createPeerCounter(concurrency.login);

  /** Runs a login at a server; failures of all peers there delay it while it holds its place. */
  async function runAt<T>(
    { host, port }: { host: string; port: number },
    { peer, signal }: { peer: string; signal: AbortSignal },
    prove: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const server = `${host.toLowerCase()}:${port}`;
    return withPlace(acquireServer(server), { key: peer, signal }, async (placed) => {
      const excessMs = await rates.count("loginByHost", server);
      return refundUnlessFailed([() => rates.refund("loginByHost", server)], async (onContact) => {
        await pause(Math.min(excessMs, maxDelayMs), placed);
        onContact();
        return prove(placed);
      });
    });
  }

  return {
    async withLogin({ peer, accounts, signal }, work) {
      const names = new Set(accounts.map((name) => hash(name.trim().toLowerCase())));
      const release = acquirePeer(peer);
      try {
        await rates.consume("loginByPeer", peer);
        const refunds = [() => rates.refund("loginByPeer", peer)];
        const excessMs = await Promise.all(
          [...names].map((name) => {
            refunds.push(() => rates.refund("loginByAccount", name));
            return rates.count("loginByAccount", name);
          }),
        );
        return await refundUnlessFailed(refunds, async (onContact) => {
          await pause(Math.min(Math.max(0, ...excessMs), maxDelayMs), signal);
          return withPlace(allLogins, { key: peer, signal }, (placed) =>
            work({
              at: (server, prove) =>
                runAt(server, { peer, signal: placed }, (proving) => {
                  onContact();
                  return prove(proving);
                }),
            }),
          );
        });
      } finally {
        release();
      }
    },
  };
}

/** Gives the tries back unless the work fails after it has contacted a server, which it reports with `onContact`. */
async function refundUnlessFailed<T>(
  refunds: readonly (() => Promise<void>)[],
  work: (onContact: () => void) => Promise<T>,
): Promise<T> {
  let isContacted = false;
  let isFailure = false;
  try {
    return await work(() => {
      isContacted = true;
    });
  } catch (error) {
    // A host that is refused was not contacted.
    isFailure = isContacted && !(error instanceof AppError && error.code === "host_refused");
    throw error;
  } finally {
    if (!isFailure) await Promise.all(refunds.map((refund) => refund()));
  }
}

/** Runs `work` once the gate has a place. Throws rate_limited when there is none in time, or when the place is lost. */
async function withPlace<T>(
  gate: Gate,
  { key, signal }: { key: string; signal: AbortSignal },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const waiting = new AbortController();
  const timer = setTimeout(() => waiting.abort(rateLimited(5)), placeWaitMs);
  try {
    return await gate.run(key, AbortSignal.any([signal, waiting.signal]), async (placed) => {
      clearTimeout(timer);
      return work(placed).catch((error: unknown) => {
        throw placed.aborted && !signal.aborted ? displaced(error) : error;
      });
    });
  } catch (error) {
    throw error === signal.reason ? toAbortError(signal) : error;
  } finally {
    clearTimeout(timer);
  }
}

/** The refusal of a login that lost its place to one that waited. It counts as a failure: its server was slow. */
function displaced(cause: unknown): AppError {
  return new AppError("mail_server_busy", "The server took too long while others waited.", {
    cause,
    retryAfterSeconds: 30,
  });
}

/** One gate per server, whose places the peers share; kept while it is in use. */
function createServerGates(maxRunning: number): (server: string) => Gate {
  const byServer = new Map<string, Gate>();
  return function gateOf(server) {
    const gate = byServer.get(server) ?? createGate({ maxRunning });
    byServer.set(server, gate);
    return {
      ...gate,
      async run(key, signal, work) {
        try {
          return await gate.run(key, signal, work);
        } finally {
          const { running, waiting } = gate.counts();
          if (running + waiting === 0) byServer.delete(server);
        }
      },
    };
  };
}

/** Counts the logins of each peer; the returned function throws rate_limited at the limit, and gives the one that ends it. */
function createPeerCounter(maxRunning: number): (peer: string) => () => void {
  const inFlight = new Map<string, number>();
  return function acquire(peer) {
    const running = inFlight.get(peer) ?? 0;
    if (running >= maxRunning) throw rateLimited(5);
    inFlight.set(peer, running + 1);
    return () => {
      const left = (inFlight.get(peer) ?? 1) - 1;
      if (left > 0) inFlight.set(peer, left);
      else inFlight.delete(peer);
    };
  };
}

async function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0) return;
  await wait(ms, undefined, { signal }).catch(() => {
    throw toAbortError(signal);
  });
}
