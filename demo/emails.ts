/** The mailbox of the demonstration: 300 emails of two invented people, in several languages and all usual shapes. */
import type { SendMailOptions } from "nodemailer";
import { pdf } from "../test/support/documents.ts";
import { toRaw } from "../test/support/emails.ts";

export type DemoEmail = {
  mailbox: "INBOX" | "Sent" | "Archive" | "Drafts" | "Invoices";
  flags: string[];
  date: Date;
  raw: Buffer;
};

const hourMs = 3_600_000;

const talks: readonly { subject: string; lines: readonly string[] }[] = [
  {
    subject: "Dinner on Thursday?",
    lines: [
      "Are you free on Thursday at eight?",
      "Thursday works. Where?",
      "At Rosa's. I have booked a table for four.",
      "Perfect, see you there.",
    ],
  },
  {
    subject: "Angebot für die Küche",
    lines: [
      "anbei das Angebot. Passt der Preis so?",
      "Zwei Fragen: Ist der Einbau dabei, und wann wäre es fertig?",
      "Einbau inbegriffen, Ende März. Grüße",
      "Dann bestelle ich so. Schöne Grüße",
    ],
  },
  {
    subject: "Réunion de copropriété",
    lines: [
      "La réunion aura lieu mardi à 19 h. Pouvez-vous venir ?",
      "Je viendrai. Y a-t-il un ordre du jour ?",
      "Oui : l’ascenseur, et le budget.",
    ],
  },
  {
    subject: "Fotos del viaje",
    lines: ["¿Me mandas las fotos de Granada?", "¡Claro! Mañana las subo.", "Gracias, ¡qué recuerdos!"],
  },
  {
    subject: "来月の出張について",
    lines: ["来月の出張の日程を教えてください。", "十二日から十五日までです。"],
  },
  { subject: "Звонок в пятницу", lines: ["Можем созвониться в пятницу в десять?", "Да, подходит."] },
  {
    subject: "Draft of the grant application",
    lines: [
      "Here is the draft. Could you read section 3 by Monday?",
      "Section 3 needs a budget. I have added comments.",
      "Thank you! I will send the next version tomorrow.",
    ],
  },
  {
    subject: "Ana’s birthday present",
    lines: ["Shall we give her the bicycle bell?", "Yes, and the map of Galicia."],
  },
];

const newsletters = [
  {
    from: "The Kitchen Garden <news@garden.example>",
    subject: "What to sow this week",
    text: "Broad beans, early peas, and the first radishes.",
  },
  {
    from: "City Library <letters@library.example>",
    subject: "New books in your branch",
    text: "Forty new novels, and a reading on Saturday.",
  },
  {
    from: "Rail Offers <offers@rail.example>",
    subject: "Half price to the sea",
    text: "Weekend tickets from 19 euro. Travel until the end of the month.",
  },
  {
    from: "Release Notes <digest@tools.example>",
    subject: "Your weekly digest",
    text: "Three releases, one advisory, and a talk.",
  },
];

const companies = ["Power & Light", "Stadtwerke", "Boulangerie Martin", "Cloud Hosting Ltd", "Elektro Huber"];

/** Composes everything. `nowMs`: the newest email is an hour old. */
export async function composeMailbox(ana: string, ben: string, nowMs: number): Promise<DemoEmail[]> {
  const emails: DemoEmail[] = [];
  let count = 0;
  /** Adds one email; the first one added is the newest. */
  async function add(mailbox: DemoEmail["mailbox"], flags: string[], email: SendMailOptions): Promise<void> {
    const date = new Date(nowMs - hourMs - count * 5 * hourMs);
    count += 1;
    emails.push({ mailbox, flags, date, raw: await toRaw({ to: `Ana Reis <${ana}>`, date, ...email }) });
  }

  for (let round = 0; round < 12; round += 1) {
    for (const [index, talk] of talks.entries()) {
      const ids = talk.lines.map((_, at) => `<talk-${round}-${index}-${at}@good.test>`);
      const newestFirst = talk.lines.map((line, at) => ({ line, at })).toReversed();
      for (const { line, at } of newestFirst) {
        const fromBen = at % 2 === 0;
        await add(fromBen ? "INBOX" : "Sent", fromBen && round === 0 ? [] : ["\\Seen"], {
          from: fromBen ? `Ben Okafor <${ben}>` : `Ana Reis <${ana}>`,
          to: fromBen ? `Ana Reis <${ana}>` : `Ben Okafor <${ben}>`,
          subject: `${at > 0 ? "Re: " : ""}${talk.subject}${round > 0 ? ` (${round + 1})` : ""}`,
          text: at > 0 ? `${line}\n\n> ${talk.lines[at - 1]}\n` : `${line}\n`,
          messageId: ids[at],
          inReplyTo: ids[at - 1],
          references: ids.slice(0, at),
        });
      }
      const letter = newsletters[index % newsletters.length];
      if (letter && index < 2)
        await add("INBOX", ["\\Seen"], {
          from: letter.from,
          subject: letter.subject,
          html: `<h1>${letter.subject}</h1><p>${letter.text}</p><p><a href="https://example.com/read">Read on</a></p>`,
          list: { unsubscribe: { url: "https://example.com/leave", comment: "Leave" }, id: "news.example" },
        });
    }
    const company = companies[round % companies.length] ?? "";
    await add(round % 2 ? "Invoices" : "INBOX", round === 0 ? [] : ["\\Seen"], {
      from: `${company} <billing@company${round}.example>`,
      subject: `Invoice ${2_000 + round}`,
      text: `Your invoice is attached. Total: ${120 + round * 7}.50 EUR, due in 14 days.`,
      attachments: [
        {
          filename: `invoice-${2_000 + round}.pdf`,
          content: pdf([
            `${company}\nInvoice ${2_000 + round}\nTotal ${120 + round * 7}.50 EUR\nDue in 14 days`,
          ]),
        },
      ],
    });
  }

  const start = new Date(nowMs + 48 * hourMs).toISOString().replace(/[-:]|\.\d+/g, "");
  await add("INBOX", [], {
    from: `Ben Okafor <${ben}>`,
    subject: "Invitation: planning",
    text: "You are invited.",
    icalEvent: {
      method: "REQUEST",
      content: `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//demo//\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:planning@good.test\r\nDTSTAMP:${start}\r\nDTSTART:${start}\r\nDURATION:PT1H\r\nSUMMARY:Planning\r\nORGANIZER:mailto:${ben}\r\nATTENDEE:mailto:${ana}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`,
    },
  });
  await add("Drafts", ["\\Draft", "\\Seen"], {
    from: `Ana Reis <${ana}>`,
    to: `Ben Okafor <${ben}>`,
    subject: "Summer plans",
    text: "Dear Ben,\n\nabout July: ",
  });
  // An old program that declares nothing and writes Latin-1.
  const odd = `From: Archiv <archiv@alt.example>\r\nTo: ${ana}\r\nSubject: Gr\xfc\xdfe aus M\xfcnchen\r\nDate: Mon, 2 Feb 2015 10:00:00 +0100\r\nMessage-ID: <odd@alt.example>\r\n\r\nSch\xf6ne Gr\xfc\xdfe\r\n`;
  emails.push({
    mailbox: "Archive",
    flags: ["\\Seen"],
    date: new Date("2015-02-02T09:00:00Z"),
    raw: Buffer.from(odd, "latin1"),
  });
  return emails;
}
