/**
 * Extends the connect page: finds the servers while the address is typed, shows the password on request, and shows
 * the progress of the logins. Without it, the same form works as a plain POST. All texts come from data attributes,
 * so that they are translated with the page.
 */
(() => {
  const byId = (id) => document.getElementById(id);
  const typingPauseMs = 500;

  /** Selects the provider by the domain of the address; the server looks up the domains of no provider. */
  function watchAddress(form) {
    const address = byId("address");
    const provider = byId("provider");
    const found = byId("found");
    if (!address || !provider || !found) return;
    const providersByDomain = new Map();
    for (const option of provider.options)
      for (const domain of (option.dataset.domains ?? "").split(" ")) providersByDomain.set(domain, option);
    const choice = byId("choice");
    const label = byId("choice-label");
    let pressed = false;
    label?.addEventListener("click", () => {
      pressed = true;
    });
    /** Shows the list and the servers when the person has to see them, and keeps open what the person opened. */
    const setChoice = (known, open) => {
      if (!choice || !label) return;
      label.textContent = known ? label.dataset.known : label.dataset.unknown;
      choice.open = open || (pressed && choice.open);
    };
    const setStatus = (kind, name = "") => {
      found.textContent = kind ? (found.dataset[kind] ?? "").replace("{name}", name) : "";
    };
    let selectedByUser = provider.value !== "";
    let lookup = new AbortController();
    let pause = 0;
    let lastDomain = "";

    provider.addEventListener("change", () => {
      selectedByUser = provider.value !== "";
      setStatus("");
      fillDefaultServers(provider.selectedOptions[0]);
      if (selectedByUser) offerSignIn(form, { provider: provider.value });
      else lookUpServers();
    });

    async function lookUpServers() {
      const domain = /^[^@\s]+@([^@\s]+\.[^@\s.]{2,})$/.exec(address.value.trim())?.[1]?.toLowerCase() ?? "";
      if (selectedByUser || domain === lastDomain) return;
      lastDomain = domain;
      lookup.abort();
      lookup = new AbortController();
      offerSignIn(form, { domain });
      if (domain === "") return select("");
      const known = providersByDomain.get(domain);
      if (known) {
        offerSignIn(form, { domain, provider: known.value });
        return select(known.value, { kind: "preset", name: known.text });
      }
      setStatus("looking");
      const servers = await fetchServers(form, address.value.trim(), lookup.signal);
      if (selectedByUser || lastDomain !== domain) return;
      if (!servers) {
        setStatus("");
        return setChoice(false, true);
      }
      for (const side of ["imap", "smtp"]) fillServer(side, servers[side]);
      offerSignIn(form, { domain, provider: servers.provider, found: servers });
      byId("username").value =
        servers.username === "local-part" ? address.value.trim().replace(/@[^@]*$/, "") : "";
      const option = [...provider.options].find(
        ({ value }) => value === servers.provider && value !== "generic",
      );
      const hosts = [...new Set([servers.imap.host, servers.smtp.host])].join(", ");
      if (option) select(servers.provider, { kind: "mx", name: option.text });
      else select(servers.provider, { kind: servers.uncertain ? "uncertain" : servers.source, name: hosts });
    }

    function select(value, { kind, name } = {}) {
      provider.value = value;
      const option = provider.selectedOptions[0];
      fillDefaultServers(option);
      setStatus(kind, name);
      setChoice(value !== "", option?.dataset.servers !== undefined && kind !== "autoconfig");
    }

    address.addEventListener("input", () => {
      clearTimeout(pause);
      pause = setTimeout(lookUpServers, typingPauseMs);
    });
    address.addEventListener("change", lookUpServers);
    if (address.value !== "" && !selectedByUser) lookUpServers();
  }

  /** Fills in the usual servers of a bridge or home server, which the person may change. */
  function fillDefaultServers(option) {
    for (const side of ["imap", "smtp"])
      if (option?.dataset[side] && byId(`${side}_host`).value === "")
        fillServer(side, JSON.parse(option.dataset[side]));
  }

  function fillServer(side, server) {
    byId(`${side}_host`).value = server.host;
    byId(`${side}_port`).value = String(server.port);
    byId(`${side}_security`).value = String(server.security === "tls");
  }

  async function fetchServers(form, address, signal) {
    try {
      const body = new URLSearchParams({ request: form.elements.request.value, address });
      const response = await fetch("/oauth/discover", { method: "POST", body, signal });
      return response.ok ? await response.json() : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * Shows the button that leads to the issuer of the address, labelled with its name, and hides the password where the
   * issuer is the only way.
   */
  function offerSignIn(form, { domain, provider, found }) {
    const box = byId("sign-in");
    const missing = byId("sign-in-missing");
    if (missing) {
      missing.hidden = !found?.issuer_host || found.sign_in !== undefined;
      missing.textContent = missing.dataset.text.replace("{host}", found?.issuer_host ?? "");
    }
    if (!box) return;
    const offers = JSON.parse(box.dataset.offers);
    const offer =
      offers.find(({ domains }) => domains.includes(domain)) ??
      offers.find(({ providers }) => providers.includes(provider)) ??
      offers.find(({ name }) => name === found?.sign_in);
    box.hidden = !offer;
    form.toggleAttribute("data-sign-in-only", offer?.takesPasswords === false);
    if (!offer) return;
    const withName = (text) => text.replaceAll("{name}", offer.name);
    byId("sign-in-button").textContent = withName(box.dataset.label);
    byId("sign-in-help").textContent = withName(
      offer.takesPasswords ? box.dataset.instead : box.dataset.help,
    );
  }

  function enablePasswordToggle() {
    const button = byId("show-password");
    const password = byId("password");
    if (!button || !password) return;
    button.hidden = false;
    button.addEventListener("click", () => {
      const visible = password.type === "text";
      password.type = visible ? "password" : "text";
      button.textContent = visible ? button.dataset.show : button.dataset.hide;
      button.setAttribute("aria-pressed", String(!visible));
    });
  }

  /** Sends the form by fetch, to show the login steps that the response streams: one JSON value per line. */
  function watchSubmit(form) {
    const progress = byId("progress");
    // A browser that cannot read a streamed response sends the form as a plain POST.
    if (!progress || typeof TextDecoderStream === "undefined") return;
    form.addEventListener("submit", (event) => {
      const body = new URLSearchParams(new FormData(form, event.submitter));
      // The redirect to an issuer is followed by the browser itself.
      if (!body.get("password") || body.get("then") === "sign-in") return;
      event.preventDefault();
      byId("password").type = "password";
      send(form, progress, body);
    });
  }

  async function send(form, progress, body) {
    if (form.dataset.busy !== undefined) return;
    setBusy(form, progress, true);
    for (const step of progress.querySelectorAll("li")) step.hidden = false;
    if (body.get("without_sending") || !["approve", "send"].includes(String(body.get("level")))) {
      const last = progress.querySelector('[data-step="smtp"]');
      if (last && body.has("level")) last.hidden = true;
    }
    markStep(progress, "servers");
    progress.focus();
    try {
      const headers = { Accept: "application/x-ndjson" };
      const response = await fetch(form.action, { method: "POST", body, headers });
      // A request refused before the login, such as an expired one, is answered with a page.
      const type = response.headers.get("Content-Type") ?? "";
      if (type.startsWith("text/html")) return replacePage(await response.text(), body);
      for await (const event of readJsonLines(response.body)) {
        if (event.step) markStep(progress, event.step);
        if (event.location) return location.assign(event.location);
        if (event.html) return replacePage(event.html, body);
      }
      throw new Error("the response ended early");
    } catch {
      setBusy(form, progress, false);
      const lost = byId("lost");
      lost.textContent = lost.dataset.text;
      lost.hidden = false;
      lost.focus();
    }
  }

  /** Disables the form while the logins run, so that it is neither changed nor sent again. */
  function setBusy(form, progress, busy) {
    form.toggleAttribute("data-busy", busy);
    progress.hidden = !busy;
    for (const part of form.children) if (part !== progress && !part.matches(".ways-out")) part.inert = busy;
  }

  function markStep(progress, step) {
    let state = "done";
    for (const item of progress.querySelectorAll("li")) {
      if (item.dataset.step === step) state = "now";
      item.dataset.state = state;
      if (state === "now") item.setAttribute("aria-current", "step");
      else item.removeAttribute("aria-current");
      if (state === "now") state = "later";
    }
  }

  async function* readJsonLines(stream) {
    const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { value, done } = await reader.read();
      text += value ?? "";
      const lines = text.split("\n");
      text = done ? "" : lines.pop();
      for (const line of lines) if (line !== "") yield JSON.parse(line);
      if (done) return;
    }
  }

  /**
   * Replaces the page with the one in the response. The server never sends the password back; when the SMTP login
   * failed, the entered password is put back, so that the person can continue without entering it again.
   */
  function replacePage(html, sent) {
    const next = new DOMParser().parseFromString(html, "text/html");
    document.title = next.title;
    document.querySelector("main").replaceWith(next.querySelector("main"));
    const password = byId("password");
    if (password && password.getAttribute("aria-invalid") !== "true" && byId("again"))
      password.value = sent.get("password");
    start();
    if (!document.querySelector("form.connect")) forgetEntries();
    const target = ["[aria-invalid='true']", ".problem:not([hidden])", "[autofocus]", "h1"]
      .map((selector) => document.querySelector(selector))
      .find(Boolean);
    target?.focus();
    window.scrollTo(0, 0);
    document.querySelector(".problem:not([hidden])")?.scrollIntoView({ block: "center" });
  }

  const entriesKey = () => `entries ${location.pathname}${location.search}`;

  /**
   * Keeps what was typed, except the password, for a person who goes back to the form: its response may not be stored,
   * so that browsers forget it. Only this tab can read it, until an account is connected.
   */
  function keepEntries(form) {
    const provider = byId("provider");
    // A form that answers a POST is not opened again by going back.
    if (!provider || location.search === "") return;
    const fields = () =>
      [...form.elements].filter(
        ({ name, type }) => name && !["hidden", "password", "submit", "button"].includes(type),
      );
    try {
      const kept = JSON.parse(sessionStorage.getItem(entriesKey()) ?? "{}");
      if (byId("address").value === "") restoreEntries(fields(), kept);
      if (provider.value !== "" && kept.provider) byId("choice").open = true;
      form.addEventListener("input", ({ target }) => {
        if (target.closest(".choice, .servers")) provider.dataset.byUser = "";
        const entries = fields()
          .filter((field) => !isTicked(field) || field.checked)
          // A provider that was found is found again.
          .filter((field) => field !== provider || provider.dataset.byUser !== undefined)
          .map(({ name, value }) => [name, value]);
        sessionStorage.setItem(entriesKey(), JSON.stringify(Object.fromEntries(entries)));
      });
    } catch {
      // Storage is turned off in this browser.
    }
  }

  function restoreEntries(fields, kept) {
    if (kept.address === undefined) return;
    for (const field of fields) {
      const value = kept[field.name];
      if (isTicked(field)) field.checked = field.value === value;
      else if (typeof value === "string") field.value = value;
    }
  }

  const isTicked = ({ type }) => type === "radio" || type === "checkbox";

  function forgetEntries() {
    try {
      sessionStorage.removeItem(entriesKey());
    } catch {
      // Storage is turned off in this browser.
    }
  }

  function start() {
    const form = document.querySelector("form.connect");
    if (!form) return;
    keepEntries(form);
    watchAddress(form);
    enablePasswordToggle();
    watchSubmit(form);
  }

  start();
})();
