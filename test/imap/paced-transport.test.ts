/** The sockets under an IMAP connection, with a throttle that the test controls. */
import { afterEach, expect, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import { openImap } from "../../src/imap/connect.ts";
import { createPacedTransport } from "../../src/imap/paced-transport.ts";
import { createOutbound } from "../../src/outbound/outbound.ts";
import { type HostileScript, startHostileImap } from "../support/hostile-imap.ts";
import { eventually, pause } from "../support/waiting.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Connects to a server that does this with each connection. `held`: pieces that the throttle has not passed on yet. */
async function connectTo(serve: (socket: Socket) => void) {
  const server = createServer(serve);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port was given");
  const held: (() => void)[] = [];
  const transport = createPacedTransport({ schedule: (_, go) => void held.push(go) });
  const to = { host: "127.0.0.1", port: address.port, servername: undefined, tls: {}, secure: false };
  const socket = transport.connect(to, () => {});
  const got: string[] = [];
  socket.on("data", (bytes: Buffer) => got.push(bytes.toString()));
  socket.on("error", (error: Error) => got.push(error.message));
  socket.on("end", () => got.push("end"));
  return { transport, socket, to, held, got };
}

test("Bytes before the end of a connection are passed on before the end, so that a BYE is read", async () => {
  const { held, got } = await connectTo((socket) => socket.end("* BYE too many\r\n"));
  await eventually(() => held.length === 1);
  await pause(30);
  expect(got).toEqual([]);
  held.shift()?.();
  await eventually(() => got.length > 1);
  await pause(30);
  expect(got).toEqual(["* BYE too many\r\n", "end"]);
});

test.each(["greeting", "LOGIN"] as const)(
  "I04: a BYE at %s is read while the throttle delays other bytes",
  async (stage) => {
    const server = await startHostileImap({ on: { [stage]: "bye" } satisfies HostileScript["on"] });
    const throttle = { schedule: (_: number, go: () => void) => void setImmediate(go) };
    const outbound = { ...createOutbound({ allowPrivateHosts: ["localhost"] }), throttle };
    const address = "ann@example.test";
    const credentials = {
      ...{ address, username: address, password: "x", provider: "generic" },
      imap: server.server,
    };
    const opening = openImap(credentials, { outbound, signal: AbortSignal.timeout(20_000) });
    expect(await opening.catch(({ code }) => code)).toBe("mail_server_busy");
    await server.stop();
  },
);

test("RFC 9051 section 6.2.1: bytes that arrive before the TLS handshake prevent it", async () => {
  const { transport, socket, to, held } = await connectTo((server) => server.write("* OK injected\r\n"));
  await eventually(() => held.length === 1);
  expect(() => transport.upgrade?.(socket, to, () => {})).toThrow("before the TLS handshake");
  socket.destroy();
});

test("Commands written in one turn of the event loop leave in one write, and large ones at once, all in order", async () => {
  const received: string[] = [];
  const { socket } = await connectTo((server) => {
    server.on("data", (bytes) => received.push(bytes.toString()));
    server.on("error", () => {});
  });
  socket.write("1 UID FETCH 1 FLAGS\r\n");
  await Promise.resolve();
  socket.write("2 UID STORE 1 +FLAGS (\\Seen)\r\n");
  await eventually(() => received.length > 0);
  expect(received).toEqual(["1 UID FETCH 1 FLAGS\r\n2 UID STORE 1 +FLAGS (\\Seen)\r\n"]);
  const large = "x".repeat(100_000);
  socket.write("3 APPEND\r\n");
  socket.write(large);
  socket.write("\r\n4 NOOP\r\n");
  await eventually(() => received.slice(1).join("").endsWith("4 NOOP\r\n"));
  expect(received.slice(1).join("")).toBe(`3 APPEND\r\n${large}\r\n4 NOOP\r\n`);
  socket.end("5 LOGOUT\r\n");
  await eventually(() => received.at(-1)?.endsWith("5 LOGOUT\r\n") ?? false);
});
