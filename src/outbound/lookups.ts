/**
 * DNS lookups on behalf of several kinds of callers, so that none can hold those of another: each kind has a lane with
 * a few lookups in flight, 24 in all. A lookup that gets no answer in time is reported as a failure that may pass, and
 * never as a name that does not exist.
 */
import { LRUCache } from "lru-cache";
import { raceAbort } from "../abort.ts";
import type { Clock } from "../clock.ts";
import { AppError } from "../errors.ts";
import { createGate, type Gate } from "../gate.ts";
import { type MxRecord, noneIfAbsent, type Resolve, type SrvRecord } from "./resolver.ts";

/**
 * On whose behalf a lookup is made. Lane `grant`: a connected mailbox; `login`: a person who connects one; `discovery`:
 * the form while an address is typed. `peer`: the client address, among which the places of a lane are shared.
 */
export type Caller = { lane: "grant" | "login" | "discovery"; peer?: string | undefined };

/** Lookups in flight, per lane. */
const maxPerLane = 8;
/** Of one peer in a lane. One discovery makes up to ten lookups. */
const maxPerPeer = 4;
/** A lookup that is not answered by then gives its place to one that waits. */
const guaranteedMs = 500;
/** Lookups by getaddrinfo, which cannot be ended: each keeps a thread, and there may be as few as two. */
const maxSystemLookups = 2;
/** Time after which a grant uses the last good addresses (RFC 8767 section 5 recommends 1.8 s). */
const lastGoodAfterMs = 1_800;
const lastGoodKeptMs = 24 * 60 * 60_000;
const maxLastGood = 1_000;
const retryAfterSeconds = 30;

export type Lookups = ReturnType<typeof createLookups>;

/** `dnsMs`: maximum duration of a lookup, waiting included. */
export function createLookups({ resolve, dnsMs, clock }: { resolve: Resolve; dnsMs: number; clock: Clock }) {
  const createLane = () => createGate({ maxRunning: maxPerLane, maxRunningPerKey: maxPerPeer, guaranteedMs });
  const lanes: Readonly<Record<Caller["lane"], Gate>> = {
    grant: createGate({ maxRunning: maxPerLane, guaranteedMs }),
    login: createLane(),
    discovery: createLane(),
  };
  const systemLookups = createGate({ maxRunning: maxSystemLookups });
  const addressLookups = createSharing<string>();
  const mxLookups = createSharing<MxRecord>();
  const srvLookups = createSharing<SrvRecord>();
  /** Host -> addresses at the last lookup for a grant. They are judged again at each use. */
  const lastGood = new LRUCache<string, string[]>({
    max: maxLastGood,
    ttl: lastGoodKeptMs,
    ttlResolution: 0,
    perf: { now: () => clock.now() },
  });

  /** Runs a query in the caller's lane. A grant waits under the name of the host, since it has no peer. */
  function enterLane<T>(caller: Caller, name: string, query: (signal: AbortSignal) => Promise<T[]>) {
    return lanes[caller.lane].run(caller.peer ?? name, AbortSignal.timeout(dnsMs), query);
  }

  /** Joins the lookup of the same records in flight, unless it waits behind another peer's. */
  const toKey = ({ lane, peer = "" }: Caller, name: string) => `${lane} ${peer} ${name}`;

  function queryAddresses(name: string, caller: Caller, isOpened: boolean): Promise<string[]> {
    if (isOpened)
      return addressLookups(`opened ${name}`, () =>
        // The place is held until getaddrinfo ends, however long the callers wait.
        systemLookups.run(name, AbortSignal.timeout(dnsMs), (signal) =>
          noneIfAbsent(resolve.openedAddresses(name, signal)),
        ),
      );
    return addressLookups(toKey(caller, name), () =>
      enterLane(caller, name, (signal) => noneIfAbsent(resolve.addresses(name, signal))),
    );
  }

  return {
    /**
     * Resolves a name to its addresses; none when there is no such name. `isOpened`: the operator opened this name.
     * Where DNS does not answer, a grant gets the addresses of its last lookup, for a day. Throws host_unresolved.
     */
    async addresses(name: string, caller: Caller, { isOpened }: { isOpened: boolean }): Promise<string[]> {
      const known = caller.lane === "grant" ? lastGood.get(name) : undefined;
      const withinMs = known ? Math.min(lastGoodAfterMs, dnsMs) : dnsMs;
      const querying = queryAddresses(name, caller, isOpened).then((found) => {
        if (caller.lane === "grant") remember(name, found);
        return found;
      });
      try {
        return await inTime(withinMs, querying);
      } catch (error) {
        if (known) return known;
        throw error;
      }
    },

    /** Resolves the mail exchangers of a domain. Throws host_unresolved. */
    mx: (domain: string, caller: Caller) =>
      inTime(
        dnsMs,
        mxLookups(toKey(caller, domain), () =>
          enterLane(caller, domain, (signal) => noneIfAbsent(resolve.mx(domain, signal))),
        ),
      ),

    /** Resolves the targets of a service (RFC 2782). Throws host_unresolved. */
    srv: (name: string, caller: Caller) =>
      inTime(
        dnsMs,
        srvLookups(toKey(caller, name), () =>
          enterLane(caller, name, (signal) => noneIfAbsent(resolve.srv(name, signal))),
        ),
      ),
  };

  function remember(name: string, found: string[]): void {
    if (found.length > 0) lastGood.set(name, found);
    else lastGood.delete(name);
  }
}

/** Returns a function that starts a lookup, or returns the one of the same key in flight. */
function createSharing<T>() {
  const inFlight = new Map<string, Promise<T[]>>();
  return function share(key: string, start: () => Promise<T[]>): Promise<T[]> {
    const running = inFlight.get(key);
    if (running) return running;
    const started = start().finally(() => inFlight.delete(key));
    inFlight.set(key, started);
    return started;
  };
}

/** Waits for a lookup at most `ms`. Throws host_unresolved for a lookup that takes longer or fails. */
async function inTime<T>(ms: number, lookup: Promise<T>): Promise<T> {
  try {
    return await raceAbort(AbortSignal.timeout(ms), lookup);
  } catch (cause) {
    throw new AppError("host_unresolved", "This host could not be looked up just now.", {
      cause,
      retryAfterSeconds,
    });
  }
}
