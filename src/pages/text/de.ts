/** The texts of the pages in German. */
import type { Texts } from "./en.ts";

const germanMinutes = (count: number) => (count === 1 ? "eine Minute" : `${count} Minuten`);

export const de: Texts = {
  product: "email-connector",
  error: "Fehler",
  footer: {
    runBy: (operator) => `Betrieben von ${operator}`,
    privacy: "Datenschutz, und was Claude sieht",
  },
  localClient: {
    name: "Ein Programm auf diesem Computer",
    wants: "möchte Zugriff auf Ihr Postfach",
    title: "Ein Programm auf diesem Computer möchte Zugriff auf Ihr Postfach",
    addFor: "dem Programm auf diesem Computer",
    continueTo: "Weiter zum Programm",
    without: "Ohne dieses Postfach weiter zum Programm",
    goBack: "Gehen Sie zurück zum Programm.",
  },
  connect: {
    title: (host) => `${host} Zugriff auf Ihr Postfach geben`,
    heading: { before: "Sie geben", after: "Zugriff auf Ihr Postfach" },
    addFor: "Ein weiteres Postfach verbinden mit",
    addHeading: "Ein weiteres Postfach verbinden",
    connectedAlready: "Schon verbunden:",
    address: "E-Mail-Adresse",
    provider: "E-Mail-Anbieter",
    providerFromAddress: "Aus der Adresse ermitteln",
    providerOther: "Anderer: Server eingeben",
    chooseProvider: "Den E-Mail-Anbieter selbst wählen",
    changeProvider: "Stimmt nicht? Ändern",
    bridgeClosed:
      "Auf diesem Server ist keine Adresse einer Bridge freigegeben. Bitten Sie die Person, die ihn betreibt, Bridge daneben laufen zu lassen und ihre Adresse in ALLOW_PRIVATE_HOSTS zu nennen.",
    found: {
      looking: "Die Mailserver Ihrer Domain werden gesucht …",
      preset: (name) => `Gefunden: ${name}`,
      mx: (name) => `Die E-Mails Ihrer Domain liegen bei ${name}.`,
      srv: "Ihre Domain nennt diese Mailserver. Prüfen Sie sie, bevor Sie weitergehen.",
      autoconfig: (hosts) => `Ihre Domain nennt diese Mailserver: ${hosts}.`,
      guess:
        "Ihre Domain nennt keine Mailserver. Das sind die üblichen Namen: Prüfen Sie sie bei Ihrem Anbieter.",
      uncertain:
        "Die Nameserver Ihrer Domain haben gerade nicht geantwortet. Das sind nur die üblichen Namen von Mailservern: Prüfen Sie sie, oder versuchen Sie es in einer Minute noch einmal.",
    },
    makeAppPassword: "App-Passwort erstellen",
    helpPage: "Die Seite des Anbieters",
    opensNewTab: "(öffnet einen neuen Tab)",
    unavailable: "Hier hilft kein Passwort",
    password: "App-Passwort",
    passwordHint:
      "Ein Passwort nur für diese Verbindung. Ihr gewohntes geht nur dort, wo der Anbieter keine App-Passwörter hat.",
    show: "Zeigen",
    hide: "Verbergen",
    servers: {
      imap: "Lesen (IMAP)",
      smtp: "Senden (SMTP)",
      host: "Server",
      port: "Port",
      security: "Verschlüsselung",
      tls: "TLS",
      startTls: "STARTTLS",
      username: "Benutzername",
      usernameHint: "Nur, wenn er nicht Ihre E-Mail-Adresse ist.",
    },
    certificate: {
      legend: "Zertifikat Ihres eigenen Servers",
      accept: { imap: "Für das Lesen akzeptieren (IMAP)", smtp: "Für das Senden akzeptieren (SMTP)" },
      fingerprint: "SHA-256-Fingerabdruck:",
      names: "Namen darin:",
      noNames: "keine",
      validTo: "Gültig bis:",
    },
    level: {
      legend: "Was Claude darf",
      read: "Lesen",
      readMore: "Suchen und lesen. Im Postfach ändert sich nichts.",
      organise: "Lesen und ordnen",
      organiseMore:
        "Auch markieren, verschieben, in den Papierkorb legen und Entwürfe schreiben. Senden bleibt bei Ihnen.",
      approve: "Claude bereitet vor, ich gebe frei",
      approveMore:
        "Auch E-Mails schreiben und löschen. Nichts wird gesendet oder endgültig gelöscht, bevor Sie es auf einer Seite dieses Servers gesehen und entschieden haben.",
      send: "Lesen, ordnen und senden",
      sendMore: "Auch in Ihrem Namen E-Mails senden.",
      askForNewPeople: "Vor dem Schreiben an neue Personen nachfragen",
    },
    submit: "Verbinden",
    steps: {
      label: "Verbindung wird hergestellt",
      servers: "Server werden gesucht",
      imap: "Anmeldung zum Lesen (IMAP)",
      smtp: "Anmeldung zum Senden (SMTP)",
    },
    lost: "Die Verbindung zum Server dieser Seite ist abgebrochen. Nichts wurde gespeichert; versuchen Sie es noch einmal.",
    withoutSending: "Ohne Senden weiter",
    cancel: "Abbrechen",
    without: (host) => `Ohne dieses Postfach weiter zu ${host}`,
    trust:
      "Es geht an Ihren Mailserver und nirgendwohin sonst; hier liegt es verschlüsselt, mit einem Schlüssel, den nur das verbundene Programm hat, und Claude sieht es nie.",
    runBy: (operator) => `Dieser Server wird betrieben von ${operator}.`,
    whatClaudeSees: "Was Claude sieht",
  },
  connected: {
    title: "Verbunden",
    heading: "Verbunden als",
    readOnly: "ohne Senden",
    failedGuesses: (count) =>
      `Davor gab es ${count === 1 ? "einen Versuch" : `${count} Versuche`} mit einem falschen Passwort. Wenn das nicht Sie waren, versucht vielleicht jemand, Ihr Passwort zu erraten.`,
    remove: "Entfernen",
    removeAddress: (address) => `${address} entfernen`,
    may: {
      read: "Ihre E-Mails suchen und lesen. Im Postfach ändert sich nichts.",
      organise:
        "Ihre E-Mails suchen und lesen, markieren, verschieben, in den Papierkorb legen und Entwürfe schreiben. Senden bleibt bei Ihnen.",
      approve:
        "Ihre E-Mails suchen und lesen, markieren, verschieben, in den Papierkorb legen sowie E-Mails und Löschungen vorbereiten. Bevor etwas gesendet oder endgültig gelöscht wird, entscheiden Sie auf einer Seite dieses Servers.",
      send: "Ihre E-Mails suchen und lesen, markieren, verschieben, in den Papierkorb legen, Entwürfe schreiben und in Ihrem Namen E-Mails senden.",
    },
    nextTitle: "Wie es weitergeht",
    next: (host) =>
      `Gehen Sie weiter zu ${host}. Fragen Sie dann im Gespräch zum Beispiel: „Welche E-Mails seit gestern brauchen eine Antwort?“`,
    nextLocal:
      "Gehen Sie weiter zum Programm. Fragen Sie es dann zum Beispiel: „Welche E-Mails seit gestern brauchen eine Antwort?“",
    takeBackTitle: "So nehmen Sie es zurück",
    takeBack:
      "Trennen Sie die Verbindung in den Einstellungen des Programms, in Claude unter Connectors. Auch das Löschen des App-Passworts beim Anbieter beendet sie, was immer das Programm tut.",
    takeBackPage: "Ihre Verbindungen auf diesem Server",
    add: "Weiteres Postfach",
    continueTo: (host) => `Weiter zu ${host}`,
  },
  problem: {
    server: (side, host) => `${host ?? "Der Server"} (${side === "imap" ? "Lesen, IMAP" : "Senden, SMTP"})`,
    loginRefused: {
      smtp: "Zum Lesen stimmt das Passwort, aber zum Senden (SMTP) hat der Server es abgelehnt. Versuchen Sie es noch einmal, oder gehen Sie ohne Senden weiter.",
      gmail:
        "Google hat das nicht angenommen. Es geht nur ein App-Passwort: 16 Buchstaben, die Google einmal zeigt, nicht Ihr Google-Passwort. Bietet Google Ihnen keines an, schalten Sie zuerst die Bestätigung in zwei Schritten ein.",
      icloud:
        "Apple hat das nicht angenommen. Es geht nur ein anwendungsspezifisches Passwort, das aussieht wie abcd-efgh-ijkl-mnop, nicht das Passwort Ihres Apple Accounts. Erstellen Sie ein neues, und fügen Sie es ganz ein.",
      protonmail:
        "Bridge hat das nicht angenommen. Nehmen Sie das Passwort, das Bridge bei den Postfachdetails zeigt, nicht Ihr Proton-Passwort.",
      needed: (provider) =>
        `${provider} hat das nicht angenommen. Es geht nur ein App-Passwort, nicht Ihr gewohntes: Erstellen Sie ein neues wie oben beschrieben, und fügen Sie es ganz ein.`,
      optional: (provider) =>
        `${provider} hat Adresse und Passwort nicht angenommen. Prüfen Sie beides, und was oben über die Bedingungen des Anbieters steht.`,
      other:
        "Der Mailserver hat Adresse und Passwort nicht angenommen. Prüfen Sie beides. Wenn Sie sich dort in zwei Schritten anmelden, erstellen Sie in den Sicherheitseinstellungen ein App-Passwort.",
    },
    hostUnknown: (host) =>
      `Einen Server ${host === undefined ? "dieses Namens" : `namens ${host}`} gibt es nicht. Prüfen Sie die Schreibweise.`,
    hostUnresolved: (host) =>
      `Der Name ${host ?? "des Mailservers"} konnte gerade nicht nachgeschlagen werden. An Ihrem Passwort liegt es nicht: Versuchen Sie es in einer Minute noch einmal.`,
    hostUnreachable: (server) =>
      `${server} antwortet nicht. Prüfen Sie Name und Port; stimmen sie, steht er vielleicht still: versuchen Sie es später noch einmal.`,
    hostDown: (server) => `${server} antwortet im Augenblick nicht. Versuchen Sie es später noch einmal.`,
    hostRefused:
      "Dieser Server kann nicht verwendet werden. Er muss eine öffentliche Adresse haben und Port 993, 143, 465 oder 587.",
    tlsFailed: (server) =>
      `${server} hat kein Zertifikat, das zu seinem Namen passt; Ihr Passwort wurde deshalb nicht gesendet. Prüfen Sie den Namen und die Verschlüsselung.`,
    certificateUnknown: (server) =>
      `${server} zeigt ein Zertifikat, das keine bekannte Stelle für diesen Namen ausgestellt hat; Ihr Passwort wurde deshalb nicht gesendet. Wenn es Ihr eigener Server ist, vergleichen Sie den Fingerabdruck unten mit dem, den der Server selbst nennt, akzeptieren Sie das Zertifikat und geben Sie das Passwort noch einmal ein.`,
    certificateChanged: (server) =>
      `${server} zeigt ein anderes Zertifikat als das, das Sie akzeptiert haben; Ihr Passwort wurde deshalb nicht gesendet. Akzeptieren Sie das neue nur, wenn Sie wissen, warum es sich geändert hat.`,
    startTlsMissing: (server) =>
      `${server} bietet kein STARTTLS an; Ihr Passwort wurde deshalb nicht gesendet. Wählen Sie TLS als Verschlüsselung, oder prüfen Sie den Port.`,
    loginUnsupported: (server) =>
      `${server} bietet keine Anmeldung mit Passwort an, die wir kennen; Ihr Passwort wurde deshalb nicht gesendet. Fragen Sie den Anbieter, wie sich andere Programme anmelden.`,
    notAMailServer: (server) =>
      `${server} antwortet, aber nicht als Mailserver. Prüfen Sie Name, Port und Verschlüsselung.`,
    busy: "Der Mailserver ist überlastet oder lässt gerade niemanden ein. An Ihrem Passwort liegt es nicht: Versuchen Sie es in einer Minute noch einmal.",
    timedOut: (server) => `${server} hat zu lange gebraucht. Versuchen Sie es in einer Minute noch einmal.`,
    rateLimited: (count) =>
      `Zu viele Versuche. Warten Sie ${germanMinutes(count)}, und versuchen Sie es dann noch einmal.`,
    notAllowed:
      "Dieser Server ist für diese Adresse und diese Mailserver nicht offen. Fragen Sie die Person, die ihn betreibt.",
    unavailable: (provider) =>
      `${provider} lässt kein anderes Programm mit einem Passwort ein. Was Sie tun können, steht darunter.`,
    restarting: "Dieser Server startet gerade neu. Versuchen Sie es in einigen Sekunden noch einmal.",
    storageFull:
      "Dieser Server hat keinen Platz mehr und konnte nichts speichern. Sagen Sie es der Person, die ihn betreibt.",
    otherDomain:
      "Ihre Domain nennt diese Server, die zu einer anderen Domain gehören. Wenn sie stimmen, geben Sie das Passwort noch einmal ein und gehen weiter.",
    withoutSending: "Das Lesen geht: Sie können auch ohne Senden weitergehen.",
    other: (server) =>
      `${server} hat uns aus eigenen Gründen nicht eingelassen. Sehen Sie nach, ob dies ein App-Passwort ist und IMAP dort eingeschaltet ist; melden Sie sich einmal auf der Website des Anbieters an; versuchen Sie es dann noch einmal.`,
    missing: {
      address: "Geben Sie Ihre ganze E-Mail-Adresse ein, zum Beispiel ana@example.org.",
      password: "Fügen Sie hier das App-Passwort ein.",
      provider: "Wählen Sie einen Anbieter aus der Liste.",
      username: "Geben Sie den Benutzernamen ein, oder lassen Sie das Feld leer.",
      host: "Geben Sie den Namen des Servers ein, zum Beispiel mail.example.org.",
      port: "Ein Port ist eine Zahl, zum Beispiel 993 oder 465.",
    },
  },
  notice: {
    request_invalid: {
      title: "Dieser Link ist nicht vollständig",
      text: "Das Programm, das Sie hierher geschickt hat, fragt nach etwas, das wir nicht verstehen. Gehen Sie dorthin zurück, und beginnen Sie noch einmal.",
    },
    client_unknown: {
      title: "Dieses Programm kennen wir nicht",
      text: "Seine Client-ID ist keine der unseren. Prüfen Sie die Client-ID in den Einstellungen des Connectors, und beginnen Sie noch einmal.",
    },
    client_closed: {
      title: "Dieses Programm ist hier nicht zugelassen",
      text: "Es hat um Zugriff auf Ihr Postfach gebeten und keinen erhalten.",
    },
    clientSetting: (name: string) =>
      `Wer diesen Server betreibt, kann ${name} mit dieser Einstellung zulassen:`,
    redirect_refused: {
      title: "Dorthin schicken wir Sie nicht",
      text: "Die Adresse, an die dieses Programm Sie zurückschicken lassen will, steht nicht auf der Liste dieses Servers. Es hat keinen Zugriff bekommen.",
    },
    request_expired: {
      title: "Diese Seite ist abgelaufen",
      text: "Sie war länger als eine Stunde offen. Gehen Sie zurück zu Claude, und wählen Sie noch einmal Verbinden.",
    },
    already_connected: {
      title: "Sie sind schon verbunden",
      text: "Diese Verbindung ist eingerichtet. Sie können diese Seite schließen.",
    },
    cancelled: {
      title: "Sie haben abgebrochen",
      text: "Es wurde nichts aufgehoben. Um doch noch zu verbinden, gehen Sie zurück zu Claude, und wählen Sie noch einmal Verbinden.",
    },
    cross_site: {
      title: "Dieses Formular kam von anderswo",
      text: "Zu Ihrer Sicherheit nehmen wir es nur von unserer eigenen Seite an. Gehen Sie zurück zu Claude, und wählen Sie noch einmal Verbinden.",
    },
    rate_limited: {
      title: "Einen Augenblick",
      text: "Von hier kamen zu viele Versuche. Warten Sie ein wenig, und versuchen Sie es dann noch einmal.",
    },
    not_found: {
      title: "Hier ist nichts",
      text: "Diese Adresse führt nirgendwohin. Wie Sie verbinden, steht auf der ersten Seite dieses Servers.",
    },
    link_expired: {
      title: "Dieser Link geht nicht mehr",
      text: "Ein Download-Link geht einmal, innerhalb von zehn Minuten. Bitten Sie Claude um einen neuen Link.",
    },
    failed: {
      title: "Bei uns ist etwas kaputtgegangen",
      text: "Es liegt nicht an Ihnen, und nichts wurde gespeichert. Versuchen Sie es in einer Minute noch einmal.",
    },
    redirectSetting:
      "Wenn Sie diesem Programm vertrauen, bitten Sie die Person, die diesen Server betreibt, diese Adresse in die Einstellung ALLOWED_REDIRECT_URIS aufzunehmen.",
    goBack: (host) => `Gehen Sie zurück zu ${host}.`,
    again: "Noch einmal verbinden",
    home: "Zur ersten Seite",
    wait: (count) => `Versuchen Sie es in ${count === 1 ? "einer Minute" : `${count} Minuten`} noch einmal.`,
  },
  landing: {
    title: "Ihr Postfach, verbunden mit Claude",
    lead: "Geben Sie einmal Ihre E-Mail-Adresse und ein App-Passwort ein, und Claude kann Ihre E-Mails suchen, lesen, ordnen und schreiben, bei jedem Anbieter, der IMAP spricht. Wie viel davon es darf, bestimmen Sie.",
    promise:
      "Hier werden keine E-Mails gespeichert. Ihr Passwort liegt verschlüsselt, mit einem Schlüssel, den nur das verbundene Programm hat.",
    urlLabel: "Connector-URL",
    copy: "Kopieren",
    copied: "Kopiert.",
    how: "So verbinden Sie",
    claude: {
      name: "Claude im Web, auf dem Computer und dem Telefon",
      add: "Zu Claude hinzufügen",
      addHint:
        "Die Schaltfläche oben öffnet den Dialog von Claude, in dem Name und URL schon stehen. Schritt für Schritt:",
      steps: [
        "Öffnen Sie die Einstellungen, dann Connectors, und wählen Sie den Punkt für einen eigenen Connector (Add custom connector).",
        "Fügen Sie die Connector-URL ein. Client-ID und Secret bleiben leer, außer die Person, die diesen Server betreibt, hat Ihnen welche gegeben.",
        "Wählen Sie Verbinden, geben Sie E-Mail-Adresse und App-Passwort ein, und bestimmen Sie, was Claude darf.",
      ],
      needsPublic:
        "Diese erreichen einen Server nur unter einer öffentlichen https-Adresse, und die hat dieser nicht.",
    },
    code: {
      name: "Claude Code",
      steps: [
        "Führen Sie das in einem Terminal aus:",
        "Geben Sie in Claude Code /mcp ein, wählen Sie email, und melden Sie sich an.",
      ],
    },
    inspector: {
      name: "MCP Inspector",
      steps: [
        "Führen Sie das in einem Terminal aus:",
        "Wählen Sie Streamable HTTP, fügen Sie die Connector-URL ein, und verbinden Sie.",
      ],
    },
  },
};
