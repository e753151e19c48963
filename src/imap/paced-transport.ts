/** The sockets under imapflow: its own kind (TCP, TLS, STARTTLS), read no faster than the process allows. */

import { connect as connectPlain, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { ImapTransport, ImapTransportSocket } from "imapflow";
import type { Throttle } from "../throttle.ts";

/** The most that is handed on at once. */
const pieceBytes = 32 * 1024;

type Paced = ImapTransportSocket & {
  /** Stops reading and gives the socket up to TLS. Undefined when bytes are left that nobody asked for. */
  release(): Socket | undefined;
};

/** For one connection. The destination is the one the client was given: an address that was judged. */
export function createPacedTransport(throttle: Throttle): ImapTransport {
  let plain: Paced | undefined;
  return {
    connect({ host, port, servername, tls, secure }, onConnect) {
      if (!secure) {
        plain = toPaced(connectPlain({ host, port }, onConnect), throttle);
        return plain;
      }
      const options = { ...tls, host, port, ...(servername === undefined ? {} : { servername }) };
      return toPaced(connectTls(options, onConnect), throttle);
    },

    upgrade(_socket, { host, port, servername, tls }, onSecure) {
      const socket = plain?.release();
      // RFC 9051 section 6.2.1: between the OK and the handshake there is nothing.
      if (!socket) throw new Error("bytes before the TLS handshake");
      const options = { ...tls, socket, host, port, ...(servername === undefined ? {} : { servername }) };
      return toPaced(connectTls(options, onSecure), throttle);
    },
  };
}

function toPaced(inner: Socket | TLSSocket, throttle: Throttle): Paced {
  const pieces: Buffer[] = [];
  /** The reader wants more; a piece is on its way to it; the other side has ended. */
  let wanted = false;
  let handing = false;
  let ended = false;
  let released = false;

  const outer = new Duplex({
    allowHalfOpen: false,
    read() {
      wanted = true;
      hand();
    },
    write: (chunk, encoding, done) => void inner.write(chunk, encoding, done),
    // One that the other side has ended already cannot be ended again, and need not.
    final: (done) => void inner.end(() => done()),
    destroy(error, done) {
      pieces.length = 0;
      inner.destroy();
      done(error);
    },
  });

  /** Hands the next piece on when it is wanted and the throttle allows it; asks the socket for more when none is left. */
  function hand(): void {
    if (handing || !wanted || outer.destroyed) return;
    const piece = pieces.shift();
    if (piece) {
      handing = true;
      throttle.schedule(piece.length, () => {
        handing = false;
        if (outer.destroyed) return;
        wanted = outer.push(piece);
        hand();
      });
    } else if (ended) setImmediate(finish);
    else if (!released) inner.resume();
  }

  function finish(): void {
    if (!outer.destroyed && !outer.readableEnded) outer.push(null);
  }

  function onBytes(bytes: Buffer): void {
    inner.pause();
    for (let at = 0; at < bytes.length; at += pieceBytes) pieces.push(bytes.subarray(at, at + pieceBytes));
    hand();
  }

  // What had come before the end is still handed on, and the end a turn after it: a BYE is the reason for the end, and
  // whoever reads is to hear it before hanging up.
  function onEnd(): void {
    ended = true;
    if (!handing && pieces.length === 0) finish();
    else hand();
  }

  inner.on("data", onBytes);
  inner.on("end", onEnd);
  inner.on("close", () => (ended ? undefined : onEnd()));
  inner.on("error", (error) => outer.destroy(error));
  inner.on("timeout", () => outer.emit("timeout"));

  return Object.assign(outer, {
    setTimeout: (ms: number) => inner.setTimeout(ms),
    setKeepAlive: (enable?: boolean, delay?: number) => inner.setKeepAlive(enable, delay),
    getCipher: () => ("getCipher" in inner ? inner.getCipher() : null),
    release() {
      released = true;
      inner.pause();
      inner.removeListener("data", onBytes);
      inner.removeListener("end", onEnd);
      return pieces.length > 0 || handing ? undefined : inner;
    },
  });
}
