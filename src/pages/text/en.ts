/** The texts of the pages in English. The other languages have the same shape. */

const englishMinutes = (count: number) => (count === 1 ? "a minute" : `${count} minutes`);

export const en = {
  product: "email-connector",
  error: "Error",
  footer: {
    runBy: (operator: string) => `Run by ${operator}`,
    privacy: "Privacy and what Claude sees",
  },
  /** A client on the person's own computer, which has no name of its own. */
  localClient: {
    name: "A program on this computer",
    wants: "wants access to your mailbox",
    title: "A program on this computer wants access to your mailbox",
    addFor: "the program on this computer",
    continueTo: "Continue to the program",
    without: "Go on to the program without it",
    goBack: "Go back to the program.",
  },
  connect: {
    title: (host: string) => `Give ${host} access to your mailbox`,
    heading: { before: "You are giving", after: "access to your mailbox" },
    addHeading: "Add another mailbox",
    addFor: "Add another mailbox for",
    connectedAlready: "Already connected:",
    address: "Email address",
    provider: "Mail provider",
    providerFromAddress: "Find it from my address",
    providerOther: "Another one: enter servers",
    /** The control that shows the list of providers: before a provider was found, and after. */
    chooseProvider: "Choose the mail provider yourself",
    changeProvider: "Not right? Change",
    bridgeClosed:
      "On this server, no address of a Bridge is open. Ask its operator to run Bridge beside it and to name its address in ALLOW_PRIVATE_HOSTS.",
    found: {
      looking: "Looking for the mail servers of your domain …",
      preset: (name: string) => `Found: ${name}`,
      mx: (name: string) => `Your domain’s email is hosted by ${name}.`,
      srv: "Your domain names these mail servers. Check them before you continue.",
      autoconfig: (hosts: string) => `Your domain names these mail servers: ${hosts}.`,
      guess:
        "Your domain names no mail servers. These are the usual names: check them with your mail provider.",
      uncertain:
        "Your domain’s name servers did not answer just now. These are only the usual names of mail servers: check them, or try again in a minute.",
    },
    makeAppPassword: "Create an app password",
    helpPage: "Help page of the provider",
    opensNewTab: "(opens in a new tab)",
    unavailable: "A password does not work here",
    password: "App password",
    passwordHint:
      "A password created for this connection only. Your usual password works only where the provider has no app passwords.",
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
    certificate: {
      legend: "Certificate of your own server",
      accept: { imap: "Accept it for reading (IMAP)", smtp: "Accept it for sending (SMTP)" },
      fingerprint: "SHA-256 fingerprint:",
      names: "Names in it:",
      noNames: "none",
      validTo: "Valid until:",
    },
    level: {
      legend: "What Claude may do",
      read: "Read",
      readMore: "Search and read. Nothing in the mailbox changes.",
      organise: "Read and organize",
      organiseMore:
        "Also mark and move email, put it in the trash, and write drafts. You send them yourself.",
      approve: "Claude prepares, I approve",
      approveMore:
        "Also write email and erase. Nothing is sent or erased until you have seen it and decided, on a page of this server.",
      send: "Read, organize and send",
      sendMore: "Also send email in your name.",
      askForNewPeople: "Ask me before writing to somebody new",
    },
    submit: "Connect",
    steps: {
      label: "Connecting",
      servers: "Finding the servers",
      imap: "Signing in to read (IMAP)",
      smtp: "Signing in to send (SMTP)",
    },
    lost: "The connection to this server was lost. Nothing was saved; try again.",
    withoutSending: "Continue without sending",
    cancel: "Cancel",
    without: (host: string) => `Go on to ${host} without it`,
    trust:
      "It goes to your mail server and nowhere else; it is kept here encrypted, under a key that only the program you connect holds, and Claude never sees it.",
    runBy: (operator: string) => `This server is run by ${operator}.`,
    whatClaudeSees: "What Claude sees",
  },
  connected: {
    title: "Connected",
    heading: "Connected as",
    readOnly: "without sending",
    failedGuesses: (count: number) =>
      `${count === 1 ? "One attempt" : `${count} attempts`} to connect with a wrong password came before this one. If they were not yours, somebody may be guessing your password.`,
    remove: "Remove",
    removeAddress: (address: string) => `Remove ${address}`,
    /** The rights of the client from now on, by level. */
    may: {
      read: "Search and read your email. Nothing in the mailbox changes.",
      organise:
        "Search and read your email, mark and move it, put it in the trash, and write drafts. You send them.",
      approve:
        "Search and read your email, mark and move it, put it in the trash, and prepare emails and erasures. You decide on a page of this server before anything is sent or erased.",
      send: "Search and read your email, mark and move it, put it in the trash, write drafts, and send email in your name.",
    },
    nextTitle: "What to do next",
    next: (host: string) =>
      `Continue to ${host}. Then ask in a conversation, for example: “Which emails since yesterday need an answer?”`,
    nextLocal:
      "Continue to the program. Then ask it, for example: “Which emails since yesterday need an answer?”",
    takeBackTitle: "How to take it back",
    takeBack:
      "Disconnect it in the settings of the program, under Connectors in Claude. Deleting the app password at your mail provider ends it, too, whatever the program does.",
    takeBackPage: "Your connections on this server",
    add: "Add another mailbox",
    continueTo: (host: string) => `Continue to ${host}`,
  },
  problem: {
    /** The name of a server at the start of a sentence. */
    server: (side: "imap" | "smtp", host: string | undefined) =>
      `${host ?? "The server"} (${side === "imap" ? "reading, IMAP" : "sending, SMTP"})`,
    loginRefused: {
      smtp: "The password is right for reading, but the server refused it for sending (SMTP). Try again, or continue without sending.",
      gmail:
        "Google did not accept this. It takes only an app password: 16 characters that Google shows once, and not your Google password. If Google offers you none, turn on 2-Step Verification first.",
      icloud:
        "Apple did not accept this. It takes only an app-specific password, which looks like abcd-efgh-ijkl-mnop, and not your Apple Account password. Create a new one and paste all of it.",
      protonmail:
        "Bridge did not accept this. Use the password that Bridge shows under Mailbox details, and not your Proton password.",
      needed: (provider: string) =>
        `${provider} did not accept this. It takes only an app password, and not your usual one: create a new one as described above and paste all of it.`,
      optional: (provider: string) =>
        `${provider} did not accept this address and password. Check both, and the requirements of ${provider} above.`,
      other:
        "The mail server did not accept this address and password. Check both. If you use two-step sign-in there, create an app password in your mail account’s security settings.",
    },
    hostUnknown: (host: string | undefined) =>
      `There is no server called ${host ?? "that"}. Check the spelling.`,
    hostUnresolved: (host: string | undefined) =>
      `The name ${host ?? "of the mail server"} could not be looked up just now. Nothing is wrong with your password: try again in a minute.`,
    hostUnreachable: (server: string) =>
      `${server} does not answer. Check the name and the port. If they are right, the server may be down: try again later.`,
    hostDown: (server: string) => `${server} does not answer at the moment. Try again later.`,
    hostRefused: "This server cannot be used. It must have a public address and port 993, 143, 465 or 587.",
    tlsFailed: (server: string) =>
      `${server} has no valid certificate for its name, so your password was not sent. Check the name and the encryption.`,
    certificateUnknown: (server: string) =>
      `${server} shows a certificate that no known authority issued for its name, so your password was not sent. If this is your own server, compare the fingerprint below with what the server says of itself, accept the certificate and enter the password again.`,
    certificateChanged: (server: string) =>
      `${server} shows another certificate than the one you accepted, so your password was not sent. Accept the new one only if you know why it changed.`,
    startTlsMissing: (server: string) =>
      `${server} offers no STARTTLS, so your password was not sent. Choose TLS as the encryption, or check the port.`,
    loginUnsupported: (server: string) =>
      `${server} offers no sign-in with a password that we know, so your password was not sent. Ask the provider how other programs sign in.`,
    notAMailServer: (server: string) =>
      `${server} answers, but not as a mail server. Check the name, the port and the encryption.`,
    busy: "The mail server is busy or accepts no logins at the moment. Nothing is wrong with your password: try again in a minute.",
    timedOut: (server: string) => `${server} took too long. Try again in a minute.`,
    rateLimited: (count: number) => `Too many attempts. Wait ${englishMinutes(count)}, then try again.`,
    notAllowed: "This server is not open to this address and these mail servers. Ask its operator.",
    unavailable: (provider: string) =>
      `${provider} does not let other programs sign in with a password. See below what you can do.`,
    restarting: "This server is restarting. Try again in a few seconds.",
    storageFull: "This server has no space left and could not save this. Tell its operator.",
    otherDomain:
      "Your domain names these servers, which belong to another domain. If they are right, enter the password again and continue.",
    withoutSending: "Reading works: you can also continue without sending.",
    other: (server: string) =>
      `${server} refused the login for another reason. Make sure that this is an app password and that IMAP is turned on; sign in once on the provider’s website; then try again.`,
    missing: {
      address: "Enter your full email address, such as ana@example.org.",
      password: "Paste the app password here.",
      provider: "Choose a provider from the list.",
      username: "Enter the user name, or leave it empty.",
      host: "Enter the name of the server, such as mail.example.org.",
      port: "A port is a number, such as 993 or 465.",
    },
  },
  notice: {
    request_invalid: {
      title: "This link is not complete",
      text: "The program that sent you here asked for something we do not understand. Go back to it and start again.",
    },
    client_unknown: {
      title: "We do not know this program",
      text: "The client id it sent is not one of ours. Check the client id in the connector’s settings, then start again.",
    },
    client_closed: {
      title: "This program is not let in here",
      text: "It asked for access to your mailbox, and got none.",
    },
    clientSetting: (name: string) =>
      `${name} can be let in by the operator of this server, with this setting:`,
    redirect_refused: {
      title: "We will not send you there",
      text: "The address to which this program wants to send you back is not on the list of this server. It got no access.",
    },
    request_expired: {
      title: "This page has expired",
      text: "It was open for more than an hour. Go back to Claude and choose Connect again.",
    },
    already_connected: {
      title: "You are already connected",
      text: "This connection is set up. You can close this page.",
    },
    cancelled: {
      title: "You have cancelled this",
      text: "Nothing was kept. To connect after all, go back to Claude and choose Connect again.",
    },
    cross_site: {
      title: "This form was sent from somewhere else",
      text: "For your safety, we accept it only from our own page. Go back to Claude and choose Connect again.",
    },
    rate_limited: {
      title: "One moment",
      text: "There were too many attempts from here. Wait a little, then try again.",
    },
    not_found: {
      title: "There is nothing here",
      text: "This address leads nowhere. The first page of this server says how to connect.",
    },
    link_expired: {
      title: "This link no longer works",
      text: "A download link works once, within ten minutes. Ask Claude for a new link.",
    },
    failed: {
      title: "Something broke on our side",
      text: "It is not your fault, and nothing was saved. Try again in a minute.",
    },
    wait: (count: number) => `Try again in ${englishMinutes(count)}.`,
    redirectSetting:
      "If you trust this program, ask the operator of this server to add that address to the setting ALLOWED_REDIRECT_URIS.",
    goBack: (host: string) => `Go back to ${host}.`,
    again: "Connect once more",
    home: "Go to the first page",
  },
  landing: {
    title: "Your mailbox, connected to Claude",
    lead: "Enter your email address and an app password once, and Claude can search, read, organize and write your email, with any mail provider that supports IMAP. You choose how much of that it may do.",
    promise:
      "No mail is stored here. Your password is kept encrypted, under a key that only the program you connect holds.",
    urlLabel: "Connector URL",
    copy: "Copy",
    copied: "Copied.",
    how: "How to connect",
    claude: {
      name: "Claude on the web, desktop and mobile",
      add: "Add to Claude",
      addHint:
        "The button above opens Claude’s own dialog, with the name and the URL filled in. Step by step:",
      steps: [
        "Open Settings, then Connectors, and choose Add custom connector.",
        "Paste the connector URL. Leave client id and secret empty, unless the operator of this server gave you both.",
        "Choose Connect, enter your email address and app password, and choose what Claude may do.",
      ],
      needsPublic: "These clients need a server with a public https address, which this one does not have.",
    },
    code: {
      name: "Claude Code",
      steps: ["Run this in a terminal:", "In Claude Code, type /mcp, choose email, and authenticate."],
    },
    inspector: {
      name: "MCP Inspector",
      steps: ["Run this in a terminal:", "Choose Streamable HTTP, paste the connector URL, and connect."],
    },
  },
};

export type Texts = typeof en;
