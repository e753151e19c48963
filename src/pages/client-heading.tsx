/** @jsxImportSource hono/jsx */
/** The client as the pages name it: by the host of its redirect URI, or as a program on this computer. */
import type { Texts } from "./text/en.ts";

/** Tells whether the redirect URI leads to the person's own computer, whose host says nothing to them. */
export function isLocalClient(redirectHost: string): boolean {
  return /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/.test(redirectHost);
}

/** Returns the title of the connect page. */
export function toConnectTitle(text: Texts, redirectHost: string): string {
  return isLocalClient(redirectHost) ? text.localClient.title : text.connect.title(redirectHost);
}

/** The heading of the connect page: the client, large, and what it gets. */
export function ConnectHeading({ text, redirectHost }: { text: Texts; redirectHost: string }) {
  if (isLocalClient(redirectHost))
    return (
      <h1>
        <strong class="phrase">{text.localClient.name}</strong>
        <small> {text.localClient.wants} </small>
        <LocalHost host={redirectHost} />
      </h1>
    );
  return (
    <h1>
      <small>{text.connect.heading.before} </small>
      <strong>{redirectHost}</strong>
      <small> {text.connect.heading.after}</small>
    </h1>
  );
}

/** The heading of the form for another account. */
export function AddHeading({ text, redirectHost }: { text: Texts; redirectHost: string }) {
  const local = isLocalClient(redirectHost);
  return (
    <h1>
      <small>{text.connect.addFor} </small>
      <strong class={local ? "phrase" : undefined}>{local ? text.localClient.addFor : redirectHost}</strong>
      {local ? <LocalHost host={redirectHost} /> : null}
    </h1>
  );
}

function LocalHost({ host }: { host: string }) {
  return <small class="host"> {host}</small>;
}
