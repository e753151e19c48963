/**
 * The ports that the server listens on.
 *
 * A certificate is changed by a second server on the same port: `Bun.serve.reload({ tls })` silently keeps the old one
 * (oven-sh/bun#43815).
 */
import { StartError } from "./errors.ts";
import { readServedCertificate } from "./probe-client.ts";
import { readCertificate } from "./secrets.ts";

type Handler = (request: Request, server: Bun.Server<undefined>) => Response | Promise<Response>;

type Tls = { chain: string; key: string };

type ListenOptions = {
  host: string;
  port: number;
  maxRequestBytes: number;
  /** The setting that the error names when the port is not free. */
  setting: string;
};

export type Listener = {
  /** The port in use, also when a free one was asked for. */
  port: number;
  /** Replaces the handler; until then every request is answered 503. */
  handle(handler: Handler): void;
  /** Serves this certificate to all new connections. Requests that run end on the old one. */
  serveCertificate(tls: Tls): Promise<void>;
  /** Accepts no more connections, and resolves when running requests have ended. */
  stop(): Promise<void>;
  /** Closes all connections. */
  close(): void;
};

/** Connections to the port until one reaches the new server: each has a chance of one half at least. */
const maxProbes = 40;

/**
 * Listens at once without TLS. With `secure` the port is only proven free, and it opens with the first certificate.
 * Throws StartError when the port is taken.
 */
export function createListener(options: ListenOptions, { secure = false } = {}): Listener {
  let handler: Handler = () => new Response(null, { status: 503, headers: { "Retry-After": "1" } });
  const servers = new Set<Bun.Server<undefined>>();
  let { port } = options;

  function listen(tls?: Tls): Bun.Server<undefined> {
    const server = Bun.serve({
      hostname: options.host,
      port,
      maxRequestBodySize: options.maxRequestBytes,
      idleTimeout: 10,
      // In development mode Bun's error page shows source code.
      development: false,
      // Explicit, because `development: false` changes the default: a port in use must be an error. With TLS, the
      // first server has to allow the second one.
      reusePort: tls !== undefined,
      tls: tls && { cert: tls.chain, key: tls.key },
      fetch: (request, bun) => handler(request, bun),
    });
    servers.add(server);
    return server;
  }

  const first = listenExclusively(options, () => listen());
  port = first.port ?? port;
  if (secure) {
    first.stop(true);
    servers.clear();
  }
  let current: Bun.Server<undefined> | undefined = secure ? undefined : first;

  return {
    port,
    handle(next) {
      handler = next;
    },
    async serveCertificate(tls) {
      // reusePort would share the port silently with another process of this user that took it meanwhile.
      if (current === undefined) listenExclusively(options, () => listen()).stop(true);
      const next = listen(tls);
      try {
        await proveServed({ host: options.host, port }, readCertificate(tls.chain).fingerprint);
      } catch (error) {
        next.stop(true);
        servers.delete(next);
        throw error;
      }
      const former = current;
      current = next;
      if (former) former.stop().then(() => servers.delete(former));
    },
    async stop() {
      await Promise.all([...servers].map((server) => server.stop()));
    },
    close() {
      for (const server of servers) server.stop(true);
    },
  };
}

function listenExclusively<T>({ host, port, setting }: ListenOptions, listen: () => T): T {
  try {
    return listen();
  } catch (cause) {
    throw new StartError(
      `Cannot listen on ${host}:${port}: the port is in use or not permitted. Set ${setting}.`,
      { cause },
    );
  }
}

/** Resolves when a connection to the port was answered with this certificate. */
async function proveServed(address: { host: string; port: number }, fingerprint: string): Promise<void> {
  for (let probes = 0; probes < maxProbes; probes += 1)
    if ((await readServedCertificate(address)) === fingerprint) return;
  throw new Error("the new server does not answer with its certificate");
}
