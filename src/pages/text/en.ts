/** Everything a page says, in English. The other languages have the same shape. */
import type { Problem } from "../props.ts";

/** What a sentence about a problem may name. */
export type ProblemContext = {
  /** The company's name, when one is chosen or found. */
  provider?: string | undefined;
  providerId?: string | undefined;
  passwordKind?: "needed" | "optional" | "unavailable" | undefined;
  /** The server that was tried. */
  host?: string | undefined;
};

const side = (problem: Problem) => (problem.side === "smtp" ? "sending (SMTP)" : "reading (IMAP)");

const minutes = (seconds: number | undefined) => {
  const count = Math.max(1, Math.ceil((seconds ?? 60) / 60));
  return count === 1 ? "a minute" : `${count} minutes`;
};

/** Why a login was refused and what to do, by the company's rule. */
function loginRefused(problem: Problem, { provider, providerId, passwordKind }: ProblemContext): string {
  if (problem.side === "smtp")
    return "The password is right for reading, but the server refused it for sending (SMTP). Try again, or go on without sending.";
  switch (providerId) {
    case "gmail":
      return "Google did not accept this. It takes only an app password: 16 letters that Google shows once, and not your Google password. If the app passwords page is missing, turn on 2-Step Verification first.";
    case "icloud":
      return "Apple did not accept this. It takes only an app-specific password, which looks like abcd-efgh-ijkl-mnop, and not your Apple Account password. Make a new one and paste it whole.";
    case "protonmail":
      return "Bridge did not accept this. Use the password that Bridge shows under Mailbox details, and not your Proton password.";
    default:
  }
  if (passwordKind === "needed")
    return `${provider ?? "This company"} did not accept this. It takes only an app password, and not your usual one: make a new one as described above and paste it whole.`;
  return "The mail server did not accept this address and password. Check both. If you use two-step sign-in there, make an app password in your mail account's security settings.";
}

function problemText(problem: Problem, context: ProblemContext): string {
  const at = context.host
    ? `${context.host}, the server for ${side(problem)},`
    : `The server for ${side(problem)}`;
  switch (problem.code) {
    case "login_refused":
      return loginRefused(problem, context);
    case "host_unknown":
      return `${context.host ? `There is no server called ${context.host}` : "There is no server of this name"}. Check the spelling.`;
    case "host_unreachable":
      return `${at} does not answer. Check name and port; if they are right, it may be down: try again later.`;
    case "host_refused":
      return "This server cannot be used. It must have a public address and port 993, 143, 465 or 587.";
    case "tls_failed":
      return `${at} has no certificate that fits its name, so the password was not sent. Check the name and the kind of encryption.`;
    case "not_a_mail_server":
      return `${at} answers, but not as a mail server. Check name, port and the kind of encryption.`;
    case "mail_server_busy":
      return "The mail server is busy or lets nobody in for the moment. Nothing is wrong with your password: try again in a minute.";
    case "timed_out":
      return `${at} took too long. Try again in a minute.`;
    case "rate_limited":
      return `Too many attempts. Wait ${minutes(problem.retryAfterSeconds)}, then try again.`;
    case "permission_missing":
      return "This server is not open to this address. Ask the person who runs it.";
    case "not_supported":
      return `${context.provider ?? "This company"} lets no other program sign in with a password any more. What you can do is said above.`;
    case "shutting_down":
      return "The server is restarting. Try again in a few seconds.";
    case "storage_full":
      return "The server has no space left and could not save this. Tell the person who runs it.";
    case "invalid_input":
      return invalidInput(problem);
    default:
      return `${at} did not work with us. Try again; if it stays so, the server does not allow it.`;
  }
}

function invalidInput(problem: Problem): string {
  if (problem.found)
    return "Your domain’s DNS names these servers, which belong to another domain. If they are right, type the password once more and go on.";
  switch (problem.field) {
    case "address":
      return "Type a whole email address, such as ana@example.org.";
    case "password":
      return "Paste the app password here.";
    case "provider":
      return "Choose a provider from the list.";
    case "imap_host":
    case "smtp_host":
      return "Type the server's name, such as mail.example.org.";
    default:
      return "A port is a number such as 993 or 465.";
  }
}

export const en = {
  product: "email-connector",
  error: "Error",
  connect: {
    title: (host: string) => `Give ${host} access to your mailbox`,
    heading: { before: "You are giving", after: "access to your mailbox" },
    addHeading: "Add another mailbox",
    connectedAlready: "Connected already:",
    address: "Email address",
    provider: "Mail provider",
    providerFromAddress: "Found from the address",
    providerOther: "Another one: I type the servers",
    found: {
      looking: "Looking for the mail servers of your domain …",
      preset: (name: string) => `Found: ${name}`,
      mx: (name: string) => `Your domain’s mail is kept by ${name}.`,
      srv: "Your domain names these mail servers. Check them before you go on.",
      autoconfig: "Your domain names these mail servers.",
      guess:
        "Your domain names no mail servers. These are the usual names: check them with your mail company.",
    },
    makeAppPassword: "Make an app password",
    helpPage: "The company’s own page about it",
    opensNewTab: "(opens in a new tab)",
    unavailable: "A password does not work here",
    password: "App password",
    passwordHint:
      "A password made for this connection alone. Your usual one works only where the company has no app passwords.",
    show: "Show",
    hide: "Hide",
    servers: {
      imap: "Reading (IMAP)",
      smtp: "Sending (SMTP)",
      host: "Server",
      port: "Port",
      security: "Encryption",
      tls: "TLS",
      startTls: "STARTTLS",
      username: "User name",
      usernameHint: "Only if it is not your email address.",
    },
    level: {
      legend: "What Claude may do",
      read: "Read",
      readMore: "Search and read. Nothing in the mailbox changes.",
      organise: "Read and organise",
      organiseMore: "Also mark, move and bin email, and write drafts. Sending stays with you.",
      send: "Read, organise and send",
      sendMore: "Also send email in your name.",
    },
    submit: "Connect",
    steps: {
      label: "Connecting",
      servers: "Finding the servers",
      imap: "Signing in to read (IMAP)",
      smtp: "Signing in to send (SMTP)",
    },
    lost: "The connection to this page’s server broke off. Nothing was saved; try again.",
    withoutSending: "Go on without sending",
    promise:
      "Your password goes to your mail server and nowhere else. It is kept encrypted, under a key that only the program you connect holds. No mail is stored here.",
  },
  connected: {
    title: "Connected",
    heading: "Connected as",
    readOnly: "without sending",
    more: (host: string) => `You can add another mailbox to the same connection, or go on to ${host}.`,
    add: "Add another mailbox",
    goOn: (host: string) => `Go on to ${host}`,
  },
  problem: problemText,
  notice: {
    request_invalid: {
      title: "This link is not complete",
      text: "The program that sent you here asked for something we do not understand. Go back to it and start again.",
    },
    client_unknown: {
      title: "We do not know this program",
      text: "The client id it sent is not one of ours. Check the client id in the connector's settings, then start again.",
    },
    redirect_refused: {
      title: "We will not send you there",
      text: "The address this program wants you sent back to is not on our list, so nothing was asked and nothing was given.",
    },
    request_expired: {
      title: "This page has expired",
      text: "It lay open for more than ten minutes, or was used already. Go back to Claude and choose Connect once more.",
    },
    cross_site: {
      title: "This form was sent from somewhere else",
      text: "For your safety we only take it from our own page. Go back to Claude and choose Connect once more.",
    },
    rate_limited: {
      title: "One moment",
      text: "There were too many attempts from here. Wait a little, then try again.",
    },
    not_found: { title: "There is nothing here", text: "This link leads nowhere." },
    failed: {
      title: "Something broke on our side",
      text: "It is not your fault, and nothing was saved. Try again in a minute.",
    },
    wait: (seconds: number) => `Try again in ${minutes(seconds)}.`,
  },
  landing: {
    title: "Your mailbox, connected to Claude",
    lead: "Type your email address and an app password once, and Claude can search, read, organise and write your email, at any mail company that speaks IMAP. You choose how much of that it may do.",
    promise:
      "No mail is stored here. Your password is kept encrypted, under a key that only the program you connect holds.",
    urlLabel: "Connector URL",
    copy: "Copy",
    copied: "Copied.",
    how: "How to connect",
    claude: {
      name: "Claude on the web, desktop and mobile",
      steps: [
        "Open Settings, then Connectors, and choose Add custom connector.",
        "Paste the connector URL. Leave client id and secret empty, unless whoever runs this server gave you some.",
        "Choose Connect, type your email address and app password, and choose what Claude may do.",
      ],
    },
    code: {
      name: "Claude Code",
      steps: ["Run this in a terminal:", "In Claude Code type /mcp, choose email, and authenticate."],
    },
    inspector: {
      name: "MCP Inspector",
      steps: ["Run this in a terminal:", "Choose Streamable HTTP, paste the connector URL, and connect."],
    },
  },
};

export type Texts = typeof en;
