/**
 * Asks the authenticator before a form is sent by a button with data-passkey, whose value is the URL of the options. The
 * response goes into the field `passkey`. Where the browser knows no passkeys, or without this script, the page
 * shows what is marked passkey-missing. The listener is on the document, because the connect page replaces its content.
 */
(() => {
  if (!window.PublicKeyCredential || !navigator.credentials) return;
  document.documentElement.dataset.passkeys = "";

  const toBytes = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
  const toText = (bytes) =>
    bytes &&
    btoa(String.fromCharCode(...new Uint8Array(bytes)))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replaceAll("=", "");
  const withIds = (list) => list?.map((each) => ({ ...each, id: toBytes(each.id) }));

  /** Runs the ceremony of the options, and returns the credential. */
  function askAuthenticator({ create, get }) {
    if (create) {
      const { user, challenge, excludeCredentials } = create;
      return navigator.credentials.create({
        publicKey: {
          ...create,
          challenge: toBytes(challenge),
          user: { ...user, id: toBytes(user.id) },
          excludeCredentials: withIds(excludeCredentials),
        },
      });
    }
    const { challenge, allowCredentials } = get;
    return navigator.credentials.get({
      publicKey: {
        ...get,
        challenge: toBytes(challenge),
        allowCredentials: withIds(allowCredentials),
      },
    });
  }

  function toJson({ id, rawId, type, response }) {
    return JSON.stringify({
      id,
      rawId: toText(rawId),
      type,
      clientExtensionResults: {},
      response: {
        clientDataJSON: toText(response.clientDataJSON),
        attestationObject: toText(response.attestationObject),
        transports: response.getTransports?.(),
        authenticatorData: response.attestationObject ? undefined : toText(response.authenticatorData),
        signature: toText(response.signature),
        userHandle: toText(response.userHandle) || undefined,
      },
    });
  }

  const say = (form, kind) => {
    const status = form.querySelector("[data-waiting]");
    if (!status) return;
    status.textContent = status.dataset[kind];
    status.classList.toggle("problem", kind !== "waiting");
  };

  async function ask(form, button) {
    say(form, "waiting");
    const body = new URLSearchParams(new FormData(form));
    body.append(button.name, button.value);
    try {
      const response = await fetch(button.dataset.passkey, { method: "POST", body });
      // Where there is nothing to ask, the answer to the form tells why.
      if (response.ok) form.elements.passkey.value = toJson(await askAuthenticator(await response.json()));
    } catch (error) {
      return say(form, error?.name === "InvalidStateError" ? "known" : "refused");
    }
    form.dataset.asked = "";
    form.requestSubmit(button);
  }

  document.addEventListener("submit", (event) => {
    const { target: form, submitter: button } = event;
    if (!button?.dataset.passkey || form.dataset.asked !== undefined) return;
    event.preventDefault();
    if (form.dataset.asking !== undefined) return;
    form.dataset.asking = "";
    ask(form, button).finally(() => delete form.dataset.asking);
  });
  // A page that is shown again by going back asks again.
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-asked]")) {
      delete form.dataset.asked;
      form.elements.passkey.value = "";
    }
  });
})();
