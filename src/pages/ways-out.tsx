/** @jsxImportSource hono/jsx */
/**
 * The ways out of the flow: back to the client without an account, or with those connected so far. They are buttons of
 * a form of their own, so that neither a half-filled form stops them nor a typed password is sent with them.
 */
import { isLocalClient } from "./client-heading.tsx";
import { fieldNames } from "./connect-form.ts";
import { connectionTextsFor } from "./text/connection.ts";
import type { Texts } from "./text/en.ts";
import type { Language } from "./text/language.ts";

/** The id of the form, for the buttons that stand elsewhere on the page. */
export const leaveFormId = "leave";

/** The form of the buttons; `request` is the sealed authorization request. */
export function LeaveForm({ request }: { request: string }) {
  return (
    <form id={leaveFormId} method="post" action="/oauth/connect">
      <input type="hidden" name={fieldNames.request} value={request} />
    </form>
  );
}

/** The way back to the person's own page, without another account. */
export function WayBack({ language }: { language: Language }) {
  return (
    <div class="ways-out">
      <button type="submit" form={leaveFormId} name={fieldNames.next} value="cancel" class="plain">
        {connectionTextsFor(language).backWithout}
      </button>
    </div>
  );
}

/** `connected`: with accounts connected in this flow already, the person can go on with them. */
export function WaysOut(props: { text: Texts; redirectHost: string; connected: boolean }) {
  const { text, redirectHost, connected } = props;
  const without = isLocalClient(redirectHost) ? text.localClient.without : text.connect.without(redirectHost);
  return (
    <div class="ways-out">
      {connected ? (
        <button type="submit" form={leaveFormId} name={fieldNames.next} value="finish" class="plain">
          {without}
        </button>
      ) : null}
      <button type="submit" form={leaveFormId} name={fieldNames.next} value="cancel" class="plain">
        {text.connect.cancel}
      </button>
    </div>
  );
}
