/** Rules of the architecture: imports between rooms, one place for each outside thing, and the form of files. */
import { expect, test } from "bun:test";
import { basename } from "node:path";
import { cyclesOf, importsOf, readFiles, roomGraph, toRoom } from "../scripts/source-files.ts";

/** The text without comments. */
const toCode = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/.*$/gm, " ");

const source = readFiles("src/**/*.{ts,tsx}");
const tests = readFiles("{test,bench,fuzz,scripts}/**/*.{ts,tsx}");
const all = [...source, ...tests];

/**
 * The rooms that each room may import from, besides itself and the leaves. Types count: a type is knowledge, too.
 * `start`, `assemble` and `mail-logins` make every room and import all of them.
 */
const leaves = [
  "errors",
  "grant",
  "storage-error",
  "log",
  "clock",
  "abort",
  "version",
  "throttle",
  "turns",
  "gate",
  "lru",
];
const rooms: Readonly<Record<string, readonly string[]>> = {
  html: [],
  email: ["errors"],
  query: ["errors"],
  readable: ["email", "html", "documents", "child-process"],
  compose: ["email", "html", "readable", "secrets", "child-process"],
  imap: ["credentials", "outbound", "query", "email"],
  smtp: ["credentials", "outbound"],
  mail: [
    "credentials",
    "email",
    "html",
    "readable",
    "documents",
    "query",
    "imap",
    "smtp",
    "compose",
    "secrets",
  ],
  documents: ["child-process"],
  "child-process": [],
  credentials: [],
  "line-writer": [],
  main: ["cli", "line-writer"],
  cli: [
    "start",
    "probe-client",
    "config",
    "secrets",
    "key-ring",
    "static-client",
    "db",
    "outbound",
    "providers",
    "signin",
    "credentials",
    "mail",
    "imap",
    "smtp",
    "accounts",
    "oauth",
    "http",
    "https",
    "metrics",
    "documents",
    "readable",
    "compose",
    "child-process",
  ],
  app: ["http", "oauth", "approvals", "mcp", "pages", "accounts", "mail", "links", "config"],
  http: ["secrets", "config", "metrics", "host-list"],
  https: ["secrets", "config", "outbound"],
  listener: ["probe-client", "secrets"],
  oauth: ["pages", "accounts", "signin", "http", "db", "secrets", "config", "host-list"],
  pages: ["providers", "secrets", "credentials"],
  accounts: [
    "mail",
    "readable",
    "compose",
    "child-process",
    "imap",
    "smtp",
    "documents",
    "credentials",
    "providers",
    "signin",
    "http",
    "outbound",
    "host-list",
    "db",
    "secrets",
    "config",
  ],
  providers: ["credentials"],
  signin: ["providers", "credentials", "db", "secrets", "config"],
  mcp: ["tools", "accounts", "http", "db", "secrets", "config"],
  tools: ["secrets", "mail"],
  ledger: ["db", "secrets", "mail"],
  approvals: ["pages", "accounts", "signin", "mail", "http", "db", "secrets", "config"],
  links: ["pages", "accounts", "mail", "http", "db", "secrets", "config"],
  db: ["secrets"],
  "host-list": [],
  config: ["host-list", "setting-forms"],
  "setting-forms": [],
  secrets: [],
  outbound: ["host-list", "credentials"],
  metrics: [],
  "probe-client": [],
  "key-ring": ["secrets", "config"],
  "static-client": ["secrets", "config"],
};

test("a room imports only the rooms in its row, types included", () => {
  const broken = source
    .filter(({ room }) => !["start", "assemble", "mail-logins"].includes(room))
    .flatMap(({ path, room, imports }) =>
      imports
        .filter(({ target }) => target.startsWith("src/"))
        .filter(
          ({ target }) =>
            ![room, ...(room === "html" ? [] : leaves), ...(rooms[room] ?? [])].includes(toRoom(target)),
        )
        .map(({ target }) => `${path} imports ${target}`),
    );
  expect([...new Set(broken)].sort()).toEqual([]);
});

test("no import cycle between files, types included", () => {
  expect(cyclesOf(new Map(source.map((file) => [file.path, importsOf(file)])))).toEqual([]);
});

test("no import cycle between rooms, types included", () => {
  expect(cyclesOf(roomGraph(source))).toEqual([]);
});

test("cyclesOf finds exactly the cycles of a graph", () => {
  const graph = new Map([
    ["a", ["b"]],
    ["b", ["c", "d"]],
    ["c", ["a"]],
    ["d", []],
    ["e", ["d", "e"]],
  ]);
  expect(cyclesOf(graph)).toEqual([["a", "b", "c"]]);
});

test("oauth and the rooms that serve a grant meet only in app.ts; the grant's type is a leaf", () => {
  const served = /^(mcp|tools|links|ledger|pages|accounts|approvals)$/;
  const broken = source
    .filter(({ room }) => room === "oauth" || served.test(room))
    .flatMap(({ path, room, imports }) =>
      imports
        .filter(({ target }) => (room === "oauth" ? /^src\/(mcp|tools)\// : /^src\/oauth\//).test(target))
        .map(({ target }) => `${path} imports ${target}`),
    );
  expect(broken).toEqual([]);
});

test("grant.ts declares types alone, and imports nothing", () => {
  const grant = source.filter(({ room }) => room === "grant");
  expect(grant.flatMap(({ imports }) => imports)).toEqual([]);
  expect(grant.flatMap(({ text }) => text.match(/^export (?!type )\w+/gm) ?? [])).toEqual([]);
  expect(grant).toHaveLength(1);
});

test("a tool knows no IMAP, no protocol and no database: of mail it sees the type", () => {
  const broken = source
    .filter(({ room }) => room === "tools")
    .flatMap(({ path, imports }) =>
      imports
        .filter(({ target }) =>
          /^src\/(mail|db|accounts|http|ledger|links|approvals|providers)\//.test(target),
        )
        .filter(({ target, typeOnly }) => !(typeOnly && target.startsWith("src/mail/")))
        .map(({ target }) => `${path} imports ${target}`),
    );
  expect(broken).toEqual([]);
});

/** One door per outside thing: what it looks like, and the only places it may stand in. */
const packageDoors: readonly { packages: RegExp; where: RegExp }[] = [
  { packages: /^imapflow$/, where: /^src\/imap\// },
  { packages: /^nodemailer\/lib\/smtp/, where: /^src\/smtp\// },
  { packages: /^nodemailer\/lib\/(mail-composer|mime)/, where: /^src\/compose\// },
  { packages: /^nodemailer(?!\/lib\/(smtp|mail-composer|mime))/, where: /^$/ },
  { packages: /^node:crypto$/, where: /^src\/secrets\.ts$/ },
  { packages: /^node:(dns|http|https|http2|dgram)(\/|$)/, where: /^src\/(outbound\/|probe-client\.ts$)/ },
  // The sockets under imapflow go to addresses that outbound vetted; the front door listens.
  { packages: /^node:(net|tls)$/, where: /^src\/(imap\/paced-transport|probe-client)\.ts$/ },
  { packages: /^node:child_process$/, where: /^$/ },
  { packages: /^(@modelcontextprotocol\/|@hono\/mcp)/, where: /^src\/mcp\// },
  // db, and the files that own a table's rules.
  { packages: /^drizzle-orm/, where: /^src\/(db|oauth|accounts|mcp|ledger|links|approvals|signin)\// },
  { packages: /^openid-client/, where: /^src\/signin\/upstream/ },
  { packages: /^(@simplewebauthn\/|reflect-metadata)/, where: /^src\/approvals\/webauthn\.ts$/ },
  {
    packages: /^hono(\/|$)/,
    where: /^src\/(app\.ts|start\.ts|http\/|oauth\/|mcp\/|pages\/|links\/|approvals\/)/,
  },
];

test("each outside thing comes in by one door", () => {
  const broken = source.flatMap(({ path, imports }) =>
    packageDoors.flatMap(({ packages, where }) =>
      imports
        .filter(({ target, typeOnly }) => packages.test(target) && !typeOnly && !where.test(path))
        .map(({ target }) => `${path} imports ${target}`),
    ),
  );
  expect(broken).toEqual([]);
});

const codeDoors: readonly { what: string; code: RegExp; where: RegExp }[] = [
  { what: "the environment", code: /\bprocess\.env\b|\bBun\.env\b/, where: /^src\/config\.ts$/ },
  { what: "the process's end", code: /\bprocess\.(exit|abort|kill)\b/, where: /^src\/main\.ts$/ },
  {
    what: "a connection",
    code: /(?<![.\w])fetch\(|\bBun\.(connect|udpSocket|dns)|\bnew WebSocket\(/,
    where: /^src\/outbound\//,
  },
  {
    what: "another process",
    code: /\bBun\.(spawn|\$)/,
    where: /^src\/(documents\/sandbox|child-process\/pool)\.ts$/,
  },
  { what: "a server", code: /\bBun\.(serve|listen)\b/, where: /^src\/listener\.ts$/ },
  { what: "the web's crypto", code: /\bcrypto\.(subtle|getRandomValues)\b|\bMath\.random\b/, where: /^$/ },
  { what: "NODE_ENV", code: /\bNODE_ENV\b/, where: /^$/ },
  { what: "the console", code: /\bconsole\./, where: /^$/ },
  { what: "the wall clock", code: /\bDate\.now\b|\bnew Date\(\)/, where: /^src\/clock\.ts$/ },
];

test("the environment, the process, sockets, randomness and time have one door each", () => {
  const broken = source.flatMap(({ path, text }) =>
    codeDoors
      .filter(({ code, where }) => code.test(toCode(text)) && !where.test(path))
      .map(({ what }) => `${path} uses ${what}`),
  );
  expect(broken).toEqual([]);
});

/** The text between the bracket at `open` and the one that closes it. */
function bracketed(text: string, open: number): string {
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    if ("({[".includes(text[at] ?? "")) depth += 1;
    if (")}]".includes(text[at] ?? "") && --depth === 0) return text.slice(open + 1, at);
  }
  return text.slice(open + 1);
}

/** The bodies of functions whose first parameters hold the queries of a transaction. */
function transactionBodies(code: string): string[] {
  const callbacks = [...code.matchAll(/\.transaction\(/g)].map(({ index, 0: call }) =>
    bracketed(code, index + call.length - 1),
  );
  const heads = /\b(?:function \w+|async \w*)(?:<\w+>)? ?\(\s*(?:\w+: \w+,\s*)*tx: Queries\b/g;
  const functions = [...code.matchAll(heads)].map(({ index, 0: head }) => {
    const open = index + head.indexOf("(");
    const parameters = bracketed(code, open);
    const after = code.slice(open + parameters.length + 2);
    return bracketed(after, after.search(/\{(?=\n)/));
  });
  return [...callbacks, ...functions];
}

/** Lists the uses of other handles in a transaction; `lock` is asked of the database and takes `tx`. */
function escapesOf(body: string): string[] {
  const own = new Set([
    "tx",
    ...[...body.matchAll(/const (\w+) = [^;]*\btx\b/g)].map(([, name = ""]) => name),
  ]);
  const handles =
    body.replace(/\b(\w+\.)*db\.lock\(tx\b/g, "tx.lock(").match(/(?<![.\w])(deps\.)?db\b(?!:)/g) ?? [];
  const awaited = [...body.matchAll(/\bawait ([^;]*)/g)].map(([, expression = ""]) => expression);
  const foreign = awaited.filter(
    (expression) => !(expression.match(/\w+/g) ?? []).some((word) => own.has(word)),
  );
  return [...handles, ...foreign];
}

test("inside a transaction only tx is used and only what uses tx is awaited", () => {
  const broken = source
    .filter(({ path }) => !/^src\/db\/(database|sqlite|postgres)\.ts$/.test(path))
    .flatMap(({ path, text }) =>
      transactionBodies(toCode(text)).flatMap((body) => escapesOf(body).map((found) => `${path}: ${found}`)),
    );
  expect(broken).toEqual([]);
  // The rule finds what it is for.
  expect(escapesOf("await tx.insert(a).run(); await db.lock(tx, id);")).toEqual([]);
  expect(escapesOf("await db.insert(a).run();")).toHaveLength(2);
  expect(escapesOf("await tx.insert(a).run(); await upstream.revoke(token);")).toHaveLength(1);
});

test("no file is longer than 400 lines", () => {
  expect(all.filter(({ lines }) => lines > 400).map(({ path, lines }) => `${path}: ${lines}`)).toEqual([]);
});

test("files and folders are kebab-case nouns; rooms for leftovers and barrels do not exist", () => {
  const leftovers = /(^|\/)(utils?|helpers?|lib|services?|common|types|misc|shared)(\/|\.|$)/;
  const broken = all
    .map(({ path }) => path)
    .filter(
      (path) =>
        leftovers.test(path) ||
        !/^[a-z0-9-]+(\.d|\.test)*\.tsx?$/.test(basename(path)) ||
        (/\/index\.tsx?$/.test(path) && path !== "src/tools/index.ts"),
    );
  expect(broken).toEqual([]);
});

test("every export of src is used in another file", () => {
  const names = new Map(all.map(({ path, text }) => [path, new Set(text.match(/\w+/g) ?? [])]));
  const unused = source.flatMap(({ path, text }) =>
    [...text.matchAll(/^export (?:async )?(?:function\*?|const|type|class) (\w+)/gm)]
      .map(([, name = ""]) => name)
      .filter((name) => !all.some((other) => other.path !== path && names.get(other.path)?.has(name)))
      .map((name) => `${path}: ${name}`),
  );
  expect(unused).toEqual([]);
});

test("nothing is typed any, asserted away, or kept out of the type checker", () => {
  const loose = /:\s*any\b|<any\b|\bas any\b|\bany\[\]|as unknown as|@ts-(ignore|nocheck|expect-error)/;
  const broken = source
    .filter(({ text }) => loose.test(toCode(text)) || /@ts-(ignore|nocheck)/.test(text))
    .map(({ path }) => path);
  expect(broken).toEqual([]);
});

test("only errors are classes, and no state lives at the top of a module", () => {
  const broken = source
    .filter(
      ({ text }) =>
        /^\s*(export )?(abstract )?class (?!\w+ extends \w*Error\b)/m.test(toCode(text)) ||
        /^(export )?let /m.test(toCode(text)) ||
        /^(export )?const \w+(: [^=]+)? = new (Map|Set|WeakMap|LRUCache)\b(?!.*\()(?=[^(]*\(\s*(\{|\)))/m.test(
          toCode(text),
        ),
    )
    .map(({ path }) => path);
  expect(broken).toEqual([]);
});

test("every file says in its first lines what it is for; a tool does in its card", () => {
  const silent = source
    .filter(({ path, text }) => !path.endsWith(".d.ts") && !text.includes("defineTool({"))
    .filter(({ text }) => !/^(#![^\n]*\n|import [^;]*;\n|\s)*\/\*\*/.test(text))
    .map(({ path }) => path);
  expect(silent).toEqual([]);
});

test("tests wait only in test/support, and none is switched off", () => {
  const inSupport = /^(test\/support|bench|fuzz)\//;
  const broken = tests.flatMap(({ path, text }) => {
    const code = toCode(text);
    const sleeps = /\bsetTimeout\(|\bsleep\(|\bBun\.sleep\b/.test(code) && !inSupport.test(path);
    const off = /\b(test|it|describe)\.(skip|todo|only)\(|\bxtest\(|\bxit\(/.test(code);
    return [...(sleeps ? [`${path} sleeps`] : []), ...(off ? [`${path} switches a test off`] : [])];
  });
  expect(broken).toEqual([]);
});

/** Files that use the wall clock where a busy machine cannot change the result: lower bounds, and a fixed long wait. */
const wallClockTests = ["test/db/open.test.ts", "test/safety/form.test.ts", "test/safety/hosts.test.ts"];

test("tests measure CPU or event-loop time, which a busy machine does not lengthen", () => {
  const broken = tests
    .filter(({ path }) => !/^(test\/support|bench|fuzz)\//.test(path) && !wallClockTests.includes(path))
    .filter(({ text }) => /\bperformance\.now\b/.test(toCode(text)))
    .map(({ path }) => path);
  expect(broken).toEqual([]);
});
