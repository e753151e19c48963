/**
 * The lines with which mail programs introduce a quoted or forwarded email, in the languages they are known from.
 * Written as string operations: patterns over these alternatives take quadratic time on long lines.
 */

const originalPhrases: ReadonlySet<string> = new Set([
  "original message",
  "original appointment",
  "ursprüngliche nachricht",
  "message d'origine",
  "mensaje original",
  "messaggio originale",
  "oorspronkelijk bericht",
  "mensagem original",
  "исходное сообщение",
  "原始邮件",
  "元のメッセージ",
]);

const forwardedPhrases = [
  "forwarded message",
  "begin forwarded message",
  "weitergeleitete nachricht",
  "anfang der weitergeleiteten",
  "message transféré",
  "mensaje reenviado",
  "messaggio inoltrato",
  "doorgestuurd bericht",
  "転送されたメッセージ",
  "转发邮件",
];

/** Names of copied headers by language: English, German, Romance, Dutch, Nordic, Slavic and others, East Asian. */
const fromNames: ReadonlySet<string> = new Set([
  ..."from von de da van från fra od lähettäjä от від feladó kimden από מאת من từ dari จาก".split(" "),
  ...["发件人", "寄件者", "寄件人", "差出人", "보낸 사람"],
]);

const otherHeaderNames: ReadonlySet<string> = new Set([
  ..."sent date to cc subject gesendet datum an kopie betreff envoyé à objet".split(" "),
  ..."enviado para asunto fecha assunto data inviato a oggetto verzonden aan onderwerp".split(" "),
  ..."skickat till ämne kopia sendt dato til kopi emne lähetetty vastaanottaja kopio aihe".split(" "),
  ..."отправлено дата кому копия тема надіслано копія odesláno odoslané komu předmět predmet".split(" "),
  ..."wysłano do dw temat trimis către subiect poslano za elküldve küldve címzett tárgy".split(" "),
  ..."gönderildi gönderilme tarih kime bilgi konu εστάλη στάλθηκε προς κοιν θέμα".split(" "),
  ..."נשלח אל עותק נושא إلى الموضوع نسخة dikirim kepada subjek ถึง เรื่อง".split(" "),
  ...["تم الإرسال", "تاريخ الإرسال", "đã gửi", "đến", "chủ đề", "ส่ง", "másolatot kap"],
  ..."发送时间 收件人 抄送 主题 寄件日期 收件者 副本 主旨 送信日時 宛先 件名".split(" "),
  ...["보낸 날짜", "받는 사람", "참조", "제목"],
]);

const attributionVerbs = [
  ...["wrote", "writes", "schrieb", "a écrit", "escribió", "ha scritto", "escreveu", "skrev", "schreef"],
  ...["kirjoitti", "napisał", "napisała", "napisał(a)", "napsal", "napsala", "napsal(a)", "írta", "a scris"],
  ...["yazdı", "đã viết", "menulis", "έγραψε", "написал", "написала", "написал(а)", "пишет", "пише"],
  ...[
    "כתב",
    "כתבה",
    "כתב/ה",
    "מאת",
    "كتب",
    "写道",
    "寫道",
    "さんは書きました",
    "のメール",
    "님이 작성",
    "的邮件",
  ],
];

const isRule = (character: string | undefined) => character === "-" || character === "_" || character === "*";

/** The number of rule characters at the beginning of a line. */
function leadingRule(line: string): number {
  let count = 0;
  while (isRule(line[count])) count += 1;
  return count;
}

/** `-----Original Message-----` and its translations. */
export function isOriginalMessageLine(line: string): boolean {
  const trimmed = line.trim();
  const start = leadingRule(trimmed);
  let end = trimmed.length;
  while (end > start && isRule(trimmed[end - 1])) end -= 1;
  return (
    start >= 2 &&
    trimmed.length - end >= 2 &&
    originalPhrases.has(trimmed.slice(start, end).trim().toLowerCase())
  );
}

/** `---------- Forwarded message ---------` and its translations. */
export function isForwardedMessageLine(line: string): boolean {
  const trimmed = line.trim();
  const start = leadingRule(trimmed);
  if (start === 1) return false;
  const phrase = trimmed.slice(start).trim().slice(0, 60).toLowerCase();
  return forwardedPhrases.some((known) => phrase.startsWith(known));
}

const returnedPhrases = [
  "below this line is a copy of the message",
  "this is a copy of the message",
  "this is a copy of your message",
  "this is the header of the message",
  "original message follows",
  "original message headers",
  "unsent message follows",
  "message header follows",
  "returned message follows",
];

/** The line above the copy of an email that was not delivered, as qmail, Exim and others write it. */
export function isReturnedCopyLine(line: string): boolean {
  const trimmed = line.trim();
  const phrase = trimmed.slice(leadingRule(trimmed)).trim().slice(0, 60).toLowerCase();
  return returnedPhrases.some((known) => phrase.startsWith(known));
}

/** `From: Ann`, as Outlook copies it above what it quotes. */
export function isFromLine(line: string): boolean {
  const { name, value } = splitHeader(line);
  return fromNames.has(name) && value !== "";
}

/** A copied header other than From. */
export const isOtherHeaderLine = (line: string) => otherHeaderNames.has(splitHeader(line).name);

const maxHeaderNameCharacters = 40;

/** A copied header line; the name in lower case, without the marks around it, and empty when there is none. */
function splitHeader(line: string): { name: string; value: string } {
  const trimmed = line.trim();
  const colon = trimmed.slice(0, maxHeaderNameCharacters).search(/[:：]/);
  if (colon < 0) return { name: "", value: "" };
  const name = /[\p{L}\p{M}]+(?: [\p{L}\p{M}]+)?/u.exec(trimmed.slice(0, colon))?.[0] ?? "";
  const isAlone = !/[\p{L}\p{N}_]/u.test(trimmed.slice(0, colon).replace(name, ""));
  return { name: isAlone ? name.toLowerCase() : "", value: trimmed.slice(colon + 1).trim() };
}

/** The most characters between the verb and the colon: "Ann wrote on Monday:". */
const maxAttributionTail = 120;
const longestVerb = 10;

/** `On Monday, Ann wrote:` and its translations. */
export function isAttribution(line: string): boolean {
  // Direction marks at the end of a line are not part of it.
  const text = line.replace(/\p{Cf}/gu, "").toLowerCase();
  const withoutStars = trimEndOf(text, "*").trimEnd();
  const endsWithColon = /[:：]$/.test(withoutStars);
  const end = trimEndOf(text, "*:： \t\u00a0");
  const tail = end.slice(-(maxAttributionTail + longestVerb));
  // Japanese and Arabic have no verb, or one far before the name.
  if (endsWithColon && /\d:\d\d/.test(end) && end.endsWith(">") && tail.includes("@")) return true;
  return attributionVerbs.some((verb) => tail.endsWith(verb) || (endsWithColon && followsWord(tail, verb)));
}

/** True when the word stands in the text, not as the beginning of a longer one. */
function followsWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1))
    if (!/^\p{L}/u.test(text.slice(at + word.length))) return true;
  return false;
}

function trimEndOf(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}
