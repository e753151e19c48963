// The card in a conversation (MCP Apps 2026-01-26): shows an approval, and asks the host to decide it or to open its page.
// Whatever it shows is set as text, never as markup.
const all = JSON.parse(document.getElementById("texts").textContent);
const root = document.documentElement;
const main = document.querySelector("main");
const waiting = new Map();
let language = "en";
let text = all.en;
let limit = 500;
let host = {};
let card = {};
let notice = "preparing";
let sent = 0;
let height = 0;
let layout = () => {};
// Positions of the emails that are not to be erased.
const kept = new Set();

function post(message) {
  parent.postMessage({ jsonrpc: "2.0", ...message }, "*");
}

function ask(method, params) {
  sent += 1;
  const id = sent;
  post({ id, method, params });
  return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
}

addEventListener("message", ({ source, data }) => {
  if (source !== parent || data?.jsonrpc !== "2.0") return;
  const { id, method, params, result, error } = data;
  if (!method) {
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error) asked?.reject(error);
    else asked?.resolve(result);
  } else if (id !== undefined) {
    const known = method === "ping" || method === "ui/resource-teardown";
    post(known ? { id, result: {} } : { id, error: { code: -32601, message: "Method not found" } });
  } else if (method.endsWith("/tool-result")) receive(params);
  else if (method.endsWith("/tool-cancelled")) say("nothing");
  else if (method.endsWith("/host-context-changed")) adapt(params);
});

function adapt({ theme, styles, locale, containerDimensions: size }) {
  if (theme) root.style.colorScheme = theme;
  for (const [name, value] of Object.entries(styles?.variables ?? {}))
    if (name.startsWith("--")) root.style.setProperty(name, value);
  const wanted = locale?.slice(0, 2);
  if (all[wanted]) language = root.lang = wanted;
  limit = Math.min(500, size?.height ?? size?.maxHeight ?? limit);
  draw();
}

function receive({ _meta, structuredContent, content = [] }) {
  const words = content.map((block) => block.text ?? "").join("\n");
  const [url] = /https?:\/\/\S+\/approve\/apr_[0-9a-f]{32}\/[0-9a-f]{64}/.exec(words) ?? [];
  card = _meta?.["email-connector/approval"] ?? structuredContent?.approval ?? (url ? { url } : {});
  card.state ??= url ? "waiting" : undefined;
  say(card.state ? undefined : "nothing");
}

function say(words) {
  notice = words;
  draw();
}

function add(parent, tag, words, name) {
  const made = document.createElement(tag);
  if (words !== undefined) made.textContent = words;
  if (name) made.className = name;
  parent.append(made);
  return made;
}

function button(parent, words, act, name) {
  const made = add(parent, "button", words, name);
  made.type = "button";
  made.onclick = (event) => event.isTrusted && act();
  return made;
}

const fill = (words, ...numbers) => words.replace(/#/g, () => numbers.shift());
const unfence = (words) => words.replace(/^<mail-\w+>\n|\n<\/mail-\w+>$/g, "");

function fact(sheet, label, words, warning) {
  const row = add(sheet, "div", undefined, "fact");
  add(row, "b", label);
  const value = add(row, "span");
  add(value, "bdi", words);
  if (warning) add(value, "span", ` ${warning}`, "warn");
}

function flow(sheet, words) {
  for (const line of unfence(words).split("\n")) add(sheet, "div", line, "flow").dir = "auto";
}

function drawEmail(sheet, email) {
  fact(sheet, text.from, email.from);
  for (const kind of ["to", "cc", "bcc"])
    for (const { name, is_new } of email[kind]) fact(sheet, text[kind], name, is_new && text.newPerson);
  fact(sheet, text.subject, email.subject || text.noSubject);
  if (email.attachments.length > 0) add(sheet, "div", fill(text.files, email.attachments.length), "soft");
  for (const { name, size } of email.attachments) fact(sheet, size, name);
  add(sheet, "div", undefined, "rule");
  flow(sheet, email.text);
  if (email.formatted_text !== undefined) {
    add(sheet, "div", text.formattedDiffers, "rule warn");
    flow(sheet, email.formatted_text);
  }
  for (const note of email.notes) add(sheet, "div", note, "soft rule");
}

function drawErasure(sheet, { permanently, emails }) {
  add(sheet, "div", fill(permanently ? text.erased : text.trashed, emails.length));
  for (const [position, { subject, from, date, mailbox }] of emails.entries()) {
    const row = add(sheet, "label");
    if (decides()) {
      const box = add(row, "input");
      box.type = "checkbox";
      box.checked = !kept.has(position);
      box.onchange = () => {
        kept[box.checked ? "delete" : "add"](position);
        nameConfirm();
      };
    }
    const words = add(row, "span");
    add(words, "span").append(add(words, "bdi", subject || text.noSubject));
    const line = add(words, "span", undefined, "soft");
    add(line, "bdi", from);
    line.append(` · ${date} · `);
    add(line, "bdi", mailbox);
  }
}

function drawLeaving(sheet, { url, host, is_new, from, subject, date }) {
  add(sheet, "div", fill(text.oneClick, host));
  fact(sheet, text.address, url, is_new && text.newDomain);
  fact(sheet, text.from, from);
  fact(sheet, text.subject, subject || text.noSubject);
  add(sheet, "div", date, "soft");
}

const decides = () => card.secret && host.serverTools;

function nameConfirm() {
  const confirm = main.querySelector(".main");
  const count = card.erasure.emails.length - kept.size;
  confirm.textContent = `${text.confirm} (${count})`;
  confirm.disabled = count === 0;
}

function draw() {
  const { email, erasure, leaving, texts, state } = card;
  const isOpen = state === "waiting" || state === "failed";
  text = { ...all[language], ...texts?.[language] };
  const outcome = text.states?.[state] ?? text.nothing;
  main.replaceChildren();
  add(main, "h1", notice ? text[notice] : isOpen ? (text.title ?? text.unseen) : outcome);
  const view = add(main, "div", undefined, "view");
  const sheet = add(view, "div", undefined, "sheet");
  if (notice || !isOpen) view.hidden = true;
  else if (email) drawEmail(sheet, email);
  else if (erasure) drawErasure(sheet, erasure);
  else if (leaving) drawLeaving(sheet, leaving);
  else if (texts) add(sheet, "p", text.tooLong);
  if (card.account && isOpen) add(sheet, "div", fill(text.account, card.account), "soft rule");
  const pager = add(main, "div", undefined, "pager");
  if (card.hint) add(main, "p", card.hint, "warn").role = "alert";
  const acts = add(main, "div", undefined, "acts");
  if (!notice && isOpen) drawActs(acts);
  layout = () => paginate(view, sheet, pager);
  layout();
}

function drawActs(acts) {
  const { kind, erasure, url } = card;
  const open = () => {
    ask("ui/open-link", { url }).then(
      ({ isError }) => hint(isError ? url : text.goOn),
      () => hint(url),
    );
  };
  if (!decides()) {
    button(acts, text.open, open, "main");
    return;
  }
  button(acts, text.confirm, () => decide("send"), "main");
  if (erasure) nameConfirm();
  if (kind === "send") button(acts, text.edit, () => decide("edit"));
  button(acts, text.decline, () => decide("decline"));
  button(acts, text.open, open);
}

function hint(words) {
  card.hint = words;
  draw();
}

async function decide(decision) {
  const { id, secret, erasure } = card;
  const emails =
    erasure && decision === "send" ? [...erasure.emails.keys()].filter((at) => !kept.has(at)) : undefined;
  for (const each of main.querySelectorAll("button, input")) each.disabled = true;
  try {
    const done = await ask("tools/call", {
      name: "decide_approval",
      arguments: { id, secret, decision, ...(emails && { emails }) },
    });
    if (done.isError) throw done;
    const { approval, problem, limited_until: until } = done.structuredContent;
    // Each approval is one more thing that the model hears: its state, in words of the server.
    ask("ui/update-model-context", { content: done.content }).catch(() => {});
    Object.assign(card, approval);
    hint(until ? fill(text.overLimit, until) : problem && `${text.notDone} ${problem}`);
  } catch {
    card.secret = undefined;
    hint(text.cannot);
  }
}

// Cuts the sheet into parts that fit, between two rows or two lines of a text: no part scrolls.
function paginate(view, sheet, pager) {
  view.style.height = sheet.style.top = "";
  for (const row of sheet.children) row.style.visibility = "";
  pager.replaceChildren();
  pager.hidden = true;
  const rows = [...sheet.children].map((row) => {
    const { offsetTop: top, offsetHeight: tall, className, textContent } = row;
    return { row, top, end: top + tall, isFlow: className === "flow", length: textContent.length };
  });
  const total = sheet.offsetHeight;
  const roomLeft = () => limit - (main.offsetHeight - view.offsetHeight);
  const starts = [0];
  let at = 0;
  if (total > roomLeft()) {
    const back = button(pager, "‹", () => turn(-1));
    const label = add(pager, "span");
    const next = button(pager, "›", () => turn(1));
    back.ariaLabel = text.back;
    next.ariaLabel = text.next;
    const describe = (words, part, parts, below, characters) => {
      label.textContent = `${fill(text.part, part, parts)}\n${fill(words, below, characters)}`;
    };
    const words = card.erasure ? text.belowEmails : text.below;
    // The longest label, so that a later one needs no more room.
    describe(words, rows.length, rows.length, rows.length, sheet.textContent.length);
    pager.hidden = false;
    const room = Math.max(60, roomLeft());
    for (const { top, end, isFlow } of rows) {
      let start = starts.at(-1);
      if (end - start > room && top > start && !isFlow) {
        start = top;
        starts.push(start);
      }
      while (end - start > room) {
        start = isFlow ? top + Math.floor((start + room - top) / 20) * 20 : start + room;
        starts.push(start);
      }
    }
    const turn = (by) => {
      at += by;
      show();
    };
    const show = () => {
      const [start, end] = [starts[at], starts[at + 1] ?? total];
      view.style.height = `${end - start}px`;
      sheet.style.top = `${-start}px`;
      for (const { row, top, end: bottom } of rows)
        row.style.visibility = top < end && bottom > start ? "" : "hidden";
      const below = rows.filter((each) => each.end > end);
      const characters = below.reduce((sum, { length }) => sum + length + 1, -1);
      const count = card.erasure ? below.filter(({ row }) => row.tagName === "LABEL").length : below.length;
      describe(count > 0 ? words : "", at + 1, starts.length, count, characters);
      back.disabled = at === 0;
      next.disabled = at === starts.length - 1;
    };
    show();
  }
  if (main.offsetHeight !== height) {
    height = main.offsetHeight;
    post({ method: "ui/notifications/size-changed", params: { height } });
  }
}

addEventListener("resize", () => layout());
draw();
ask("ui/initialize", {
  protocolVersion: "2026-01-26",
  appInfo: { name: "email-connector", version: "1" },
  appCapabilities: {},
}).then(({ hostCapabilities, hostContext }) => {
  host = hostCapabilities ?? {};
  post({ method: "ui/notifications/initialized", params: {} });
  adapt(hostContext ?? {});
});
