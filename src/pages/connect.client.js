/**
 * What the connect page can do beyond its HTML: name the servers while the address is typed, show the password,
 * and say how far the logins are. Without it the same form works by a plain POST. Its hash stands in the policy.
 * All words are in the page (data attributes), so that they are translated where the others are.
 */
(() => {
  const byId = (id) => document.getElementById(id);
  const typingPauseMs = 500;

  /** Company by the domain of the address; other domains are looked up by the server. */
  function watchAddress(form) {
    const address = byId("address");
    const provider = byId("provider");
    const found = byId("found");
    if (!address || !provider || !found) return;
    const companies = new Map();
    for (const option of provider.options)
      for (const domain of (option.dataset.domains ?? "").split(" ")) companies.set(domain, option);
    const say = (kind, name = "") => {
      found.textContent = kind ? (found.dataset[kind] ?? "").replace("{name}", name) : "";
    };
    let byHand = provider.value !== "";
    let lookup = new AbortController();
    let pause = 0;
    let known = "";

    provider.addEventListener("change", () => {
      byHand = provider.value !== "";
      say("");
      usualServers(provider.selectedOptions[0]);
      if (!byHand) look();
    });

    async function look() {
      const domain = /^[^@\s]+@([^@\s]+\.[^@\s.]{2,})$/.exec(address.value.trim())?.[1]?.toLowerCase() ?? "";
      if (byHand || domain === known) return;
      known = domain;
      lookup.abort();
      lookup = new AbortController();
      if (domain === "") return choose("");
      const own = companies.get(domain);
      if (own) return choose(own.value, "preset", own.text);
      say("looking");
      const answer = await ask(form, address.value.trim(), lookup.signal);
      if (byHand || known !== domain) return;
      if (!answer) return say("");
      for (const side of ["imap", "smtp"]) fill(side, answer[side]);
      byId("username").value =
        answer.username === "local-part" ? address.value.trim().replace(/@[^@]*$/, "") : "";
      const company = [...provider.options].find(
        ({ value }) => value === answer.provider && value !== "generic",
      );
      choose(answer.provider, company ? "mx" : answer.source, company?.text);
    }

    function choose(value, kind, name) {
      provider.value = value;
      usualServers(provider.selectedOptions[0]);
      say(kind, name);
    }

    address.addEventListener("input", () => {
      clearTimeout(pause);
      pause = setTimeout(look, typingPauseMs);
    });
    address.addEventListener("change", look);
    if (address.value !== "" && !byHand) look();
  }

  /** A bridge or a home server has usual places, which the person may change. */
  function usualServers(option) {
    for (const side of ["imap", "smtp"])
      if (option?.dataset[side] && byId(`${side}_host`).value === "")
        fill(side, JSON.parse(option.dataset[side]));
  }

  function fill(side, server) {
    byId(`${side}_host`).value = server.host;
    byId(`${side}_port`).value = String(server.port);
    byId(`${side}_security`).value = String(server.security === "tls");
  }

  async function ask(form, address, signal) {
    try {
      const body = new URLSearchParams({ request: form.elements.request.value, address });
      const answer = await fetch("/oauth/discover", { method: "POST", body, signal });
      return answer.ok ? await answer.json() : undefined;
    } catch {
      return undefined;
    }
  }

  function offerToShow() {
    const button = byId("show-password");
    const password = byId("password");
    if (!button || !password) return;
    button.hidden = false;
    button.addEventListener("click", () => {
      const shown = password.type === "text";
      password.type = shown ? "password" : "text";
      button.textContent = shown ? button.dataset.show : button.dataset.hide;
      button.setAttribute("aria-pressed", String(!shown));
    });
  }

  /** Sends the form by fetch, whose answer tells step by step how far it is: one JSON value a line. */
  function watchSending(form) {
    const progress = byId("progress");
    // A browser that cannot read an answer as it comes sends the form the plain way.
    if (!progress || typeof TextDecoderStream === "undefined") return;
    form.addEventListener("submit", (event) => {
      const body = new URLSearchParams(new FormData(form, event.submitter));
      if (!body.get("password")) return;
      event.preventDefault();
      byId("password").type = "password";
      send(form, progress, body);
    });
  }

  async function send(form, progress, body) {
    if (form.dataset.busy !== undefined) return;
    setBusy(form, progress, true);
    for (const step of progress.querySelectorAll("li")) step.hidden = false;
    if (body.get("without_sending") || body.get("level") !== "send") {
      const last = progress.querySelector('[data-step="smtp"]');
      if (last && body.has("level")) last.hidden = true;
    }
    mark(progress, "servers");
    progress.focus();
    try {
      const headers = { Accept: "application/x-ndjson" };
      const answer = await fetch(form.action, { method: "POST", body, headers });
      // What is refused at the door, as an expired page is, comes as a page.
      const type = answer.headers.get("Content-Type") ?? "";
      if (type.startsWith("text/html")) return show(await answer.text(), body);
      for await (const event of lines(answer.body)) {
        if (event.step) mark(progress, event.step);
        if (event.location) return location.assign(event.location);
        if (event.html) return show(event.html, body);
      }
      throw new Error("the answer ended early");
    } catch {
      setBusy(form, progress, false);
      const lost = byId("lost");
      lost.textContent = lost.dataset.text;
      lost.hidden = false;
      lost.focus();
    }
  }

  /** While logins run there is nothing to change in the form, and no second one to start. */
  function setBusy(form, progress, busy) {
    form.toggleAttribute("data-busy", busy);
    progress.hidden = !busy;
    for (const part of form.children) if (part !== progress) part.inert = busy;
  }

  function mark(progress, step) {
    let state = "done";
    for (const item of progress.querySelectorAll("li")) {
      if (item.dataset.step === step) state = "now";
      item.dataset.state = state;
      if (state === "now") item.setAttribute("aria-current", "step");
      else item.removeAttribute("aria-current");
      if (state === "now") state = "later";
    }
  }

  async function* lines(stream) {
    const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { value, done } = await reader.read();
      text += value ?? "";
      const parts = text.split("\n");
      text = done ? "" : parts.pop();
      for (const part of parts) if (part !== "") yield JSON.parse(part);
      if (done) return;
    }
  }

  /**
   * The page that came back, in the place of this one. The server never sends the password back; where it was not
   * what was wrong, the one that was typed here is put back, so that nobody has to fetch it twice.
   */
  function show(html, sent) {
    const next = new DOMParser().parseFromString(html, "text/html");
    document.title = next.title;
    document.querySelector("main").replaceWith(next.querySelector("main"));
    const password = byId("password");
    if (password && password.getAttribute("aria-invalid") !== "true" && byId("again"))
      password.value = sent.get("password");
    start();
    const target = ["[aria-invalid='true']", ".problem:not([hidden])", "[autofocus]", "h1"]
      .map((selector) => document.querySelector(selector))
      .find(Boolean);
    target?.focus();
    window.scrollTo(0, 0);
    document.querySelector(".problem:not([hidden])")?.scrollIntoView({ block: "center" });
  }

  function start() {
    const form = document.querySelector("form.connect");
    if (!form) return;
    watchAddress(form);
    offerToShow();
    watchSending(form);
  }

  start();
})();
