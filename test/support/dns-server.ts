/** A DNS server on loopback (RFC 1035, UDP): answers from a table, says nothing for some names, and counts queries. */
import { createSocket } from "node:dgram";
import { domainToASCII } from "node:url";

type Zone = {
  /** Addresses of a name, IPv4 and IPv6. */
  addresses?: readonly string[];
  /** Exchangers, best first. */
  mx?: readonly string[];
  /** Service such as `_imaps._tcp` -> target. */
  srv?: Readonly<Record<string, { host: string; port: number }>>;
};

export type DnsServer = {
  /** `address:port`, as node:dns and createOutbound take it. */
  server: string;
  /** Sets the records of a name; names without records do not exist. */
  set(name: string, zone: Zone): void;
  /** A name with these endings gets no answer at all, or SERVFAIL. */
  silence(...endings: readonly string[]): void;
  fail(...endings: readonly string[]): void;
  /** Answers for names with these endings come `ms` milliseconds late. */
  delay(ms: number, ...endings: readonly string[]): void;
  /** Queried names, in order, each as often as it was queried. */
  queries: readonly string[];
  stop(): void;
};

const types = { A: 1, MX: 15, AAAA: 28, SRV: 33 } as const;
const codes = { none: 0, serverFailure: 2, nameError: 3 } as const;
const headerBytes = 12;
const timeToLiveSeconds = 3_600;

export async function startDnsServer(): Promise<DnsServer> {
  const zones = new Map<string, Zone>();
  const silent: string[] = [];
  const failing: string[] = [];
  const delayed: { ms: number; endings: readonly string[] }[] = [];
  const timers = new Set<ReturnType<typeof setTimeout>>();
  const queries: string[] = [];
  const socket = createSocket({ type: "udp4" });
  const endsWithOne = (name: string, endings: readonly string[]) =>
    endings.some((ending) => name === ending || name.endsWith(`.${ending}`));

  socket.on("message", (query, sender) => {
    const { name, type, end } = readQuestion(query);
    queries.push(name);
    if (endsWithOne(name, silent)) return;
    const exists = [...zones.keys()].some((known) => known === name || name.endsWith(`.${known}`));
    const code = endsWithOne(name, failing) ? codes.serverFailure : exists ? codes.none : codes.nameError;
    const records = code === codes.none ? recordsOf(zones, name, type) : [];
    const response = toResponse(query.subarray(0, end), code, records);
    const lateMs = delayed.find(({ endings }) => endsWithOne(name, endings))?.ms ?? 0;
    const timer = setTimeout(() => {
      timers.delete(timer);
      socket.send(response, sender.port, sender.address);
    }, lateMs);
    timers.add(timer);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return {
    server: `127.0.0.1:${socket.address().port}`,
    set: (name, zone) => zones.set(name, zone),
    silence: (...endings) => silent.push(...endings),
    fail: (...endings) => failing.push(...endings),
    delay: (ms, ...endings) => delayed.push({ ms, endings }),
    queries,
    stop() {
      for (const timer of timers) clearTimeout(timer);
      socket.close();
    },
  };
}

type Question = { name: string; type: number; end: number };

function readQuestion(query: Buffer): Question {
  const labels: string[] = [];
  let offset = headerBytes;
  for (;;) {
    const length = query.readUInt8(offset);
    offset += 1;
    if (length === 0) break;
    labels.push(query.subarray(offset, offset + length).toString("latin1"));
    offset += length;
  }
  return { name: labels.join(".").toLowerCase(), type: query.readUInt16BE(offset), end: offset + 4 };
}

/** The resource data of the answers to one question. */
function recordsOf(zones: ReadonlyMap<string, Zone>, name: string, type: number): Buffer[] {
  const own = zones.get(name);
  switch (type) {
    case types.A:
      return (own?.addresses ?? [])
        .filter((address) => !address.includes(":"))
        .map((address) => Buffer.from(address.split(".").map(Number)));
    case types.AAAA:
      return (own?.addresses ?? []).filter((address) => address.includes(":")).map(toIpv6Bytes);
    case types.MX:
      return (own?.mx ?? []).map((host, index) => Buffer.concat([toUint16(10 * (index + 1)), toName(host)]));
    case types.SRV: {
      const [service = "", protocol = "", ...domain] = name.split(".");
      const target = zones.get(domain.join("."))?.srv?.[`${service}.${protocol}`];
      return target
        ? [Buffer.concat([toUint16(0), toUint16(1), toUint16(target.port), toName(target.host)])]
        : [];
    }
    default:
      return [];
  }
}

/** Repeats the question and points each answer's name at it. */
function toResponse(question: Buffer, code: number, records: readonly Buffer[]): Buffer {
  const head = Buffer.from(question);
  // A response to a standard query, recursion available.
  head.writeUInt16BE(0x8180 | code, 2);
  head.writeUInt16BE(records.length, 6);
  // No authority and no additional records: the query may carry an OPT record (RFC 6891).
  head.writeUInt32BE(0, 8);
  const type = question.subarray(-4, -2);
  const answers = records.map((data) =>
    Buffer.concat([
      toUint16(0xc000 | headerBytes),
      type,
      toUint16(1),
      toUint16(0),
      toUint16(timeToLiveSeconds),
      toUint16(data.length),
      data,
    ]),
  );
  return Buffer.concat([head, ...answers]);
}

function toUint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function toName(host: string): Buffer {
  const labels = domainToASCII(host)
    .split(".")
    .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, "latin1")]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

/** Parses the full form with eight groups, such as 2606:2800:21f:0:0:0:0:1. */
function toIpv6Bytes(address: string): Buffer {
  return Buffer.concat(address.split(":").map((group) => toUint16(Number.parseInt(group, 16))));
}
