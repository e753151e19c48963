/**
 * The contents of an email by the roles of its parts, from its BODYSTRUCTURE alone: texts, attachments, calendars,
 * signatures, encryption and reports.
 */
import { type AttachedEmailHeader, isAttachedEmail, isOutlookFile, isSmimeFile, type Part } from "./part.ts";

export type AttachedPart = {
  /** 1, 2, …: the number that get_attachment takes. */
  index: number;
  part: Part;
  /** Displayed within the text, as a picture is. */
  inline: boolean;
  /** The index of the attached email that contains it. */
  inside?: number;
};

/** One text of the email in the forms it was sent in. */
export type BodyText = {
  plain?: Part;
  html?: Part;
  other?: Part;
  /** Parts that continue the HTML (else the plain text) behind a picture or a file between them. */
  further?: readonly Part[];
  /** winmail.dat, where it holds all the text of the email. */
  outlook?: Part;
  /** smime.p7m, where the text is inside its signature. */
  signed?: Part;
  /** Headers of the attached emails that begin here and are shown as part of this one, the outermost first. */
  attachedHeaders?: readonly AttachedEmailHeader[];
};

type Protection = "S/MIME" | "PGP";
/** The machine-readable half of a bounce or receipt (RFC 3462). */
type Report = { kind: string; status?: Part };

export type EmailContents = {
  root: Part;
  texts: readonly BodyText[];
  calendars: readonly Part[];
  attachments: readonly AttachedPart[];
  signed?: Protection;
  encrypted?: Protection;
  report?: Report;
};

/** Attachments of one email. */
const maxAttachments = 500;

/** Classifies the parts of an email. Never throws. */
export function toEmailContents(root: Part): EmailContents {
  const findings = asText([...visit(root, { inRelated: false })]);
  const attachments = numberAttachments(findings);
  const calendars = findings.flatMap((finding) => (finding.kind === "calendar" ? [finding.part] : []));
  const signed = findings.find((finding) => finding.kind === "signed")?.protection;
  const encrypted = findings.find((finding) => finding.kind === "encrypted")?.protection;
  const report = findings.find((finding) => finding.kind === "report")?.report;
  const texts = findings.flatMap(textsOf);
  // Forwarded without a word of the sender's own: then the forwarded email is what there is to read.
  const isForwarded = texts.every(isBlank) && calendars.length === 0 && !report && !encrypted;
  const shown = new Set(findings.flatMap((finding) => (finding.kind === "enclosed" ? [finding.part] : [])));
  const forwarded = isForwarded ? attachments.flatMap((attached) => forwardedTexts(attached, shown)) : [];
  return { root, texts: [...texts, ...forwarded], calendars, attachments, signed, encrypted, report };
}

/** One observation of the walk, in the order of the parts. */
type Finding =
  | { kind: "text"; text: BodyText }
  | { kind: "calendar"; part: Part }
  | { kind: "attachment"; part: Part; inline: boolean }
  /** An attached email whose text is shown with this one's. */
  | { kind: "enclosed"; part: Part }
  | { kind: "signed"; protection: Protection }
  | { kind: "encrypted"; protection: Protection }
  | { kind: "report"; report: Report };

/** Text with a file name that comes first, and is not declared an attachment, is the text of the email. */
function asText(findings: readonly Finding[]): Finding[] {
  const first = findings.findIndex(
    ({ kind }) => kind === "text" || kind === "attachment" || kind === "enclosed",
  );
  return findings.map((finding, at) => {
    if (at !== first || finding.kind !== "attachment") return finding;
    const { part } = finding;
    const isText = isPlainOrHtml(part) && part.disposition === undefined;
    return isText
      ? { kind: "text", text: part.type === "text/html" ? { html: part } : { plain: part } }
      : finding;
  });
}

type Context = { inRelated: boolean };

/** The treatment of a part at its position in the structure. */
type Role =
  | "alternative"
  | "related"
  | "signed"
  | "encrypted"
  | "report"
  | "digest"
  | "container"
  | "empty"
  | "calendar"
  | "status"
  | "smime"
  | "html"
  | "plain"
  | "other"
  | "inline"
  | "attachment";

const containerRoles: Readonly<Record<string, Role>> = {
  "multipart/alternative": "alternative",
  "multipart/related": "related",
  "multipart/signed": "signed",
  "multipart/encrypted": "encrypted",
  "multipart/report": "report",
  "multipart/digest": "digest",
};

function roleOf(part: Part, { inRelated }: Context): Role {
  if (part.type.startsWith("multipart/")) return containerRoles[part.type] ?? "container";
  if (part.part === "") return "empty";
  if (part.type === "text/calendar" && part.disposition !== "attachment") return "calendar";
  if (statusType.test(part.type)) return "status";
  if (isSmimeFile(part)) return "smime";
  if (isBody(part))
    return part.type === "text/html" ? "html" : part.type === "text/plain" ? "plain" : "other";
  return isInline(part, inRelated) ? "inline" : "attachment";
}

function* visit(part: Part, context: Context): Generator<Finding> {
  const [first, ...rest] = part.children;
  const role = roleOf(part, context);
  switch (role) {
    case "alternative":
      yield* visitAlternative(part);
      break;
    case "related": {
      const root = rootOf(part);
      if (root) yield* visit(root, { inRelated: false });
      for (const child of part.children) if (child !== root) yield* visit(child, { inRelated: true });
      break;
    }
    case "signed":
      yield { kind: "signed", protection: signatureOf(part, rest) };
      if (first) yield* visit(first, { inRelated: false });
      break;
    case "encrypted":
      yield { kind: "encrypted", protection: isPkcs7(part.parameters.protocol) ? "S/MIME" : "PGP" };
      for (const child of rest) yield { kind: "attachment", part: child, inline: false };
      break;
    case "report":
      yield* visitReport(part);
      break;
    case "digest":
      for (const child of part.children) {
        yield* visit(child, { inRelated: false });
        if (isAttachedEmail(child)) yield { kind: "enclosed", part: child };
      }
      break;
    case "container":
      for (const child of part.children) yield* visit(child, context);
      break;
    case "empty":
      break;
    case "calendar":
      yield { kind: "calendar", part };
      break;
    case "status":
      // A report whose multipart says another type.
      yield { kind: "report", report: { kind: part.type.split("/")[1] ?? "", status: part } };
      break;
    case "smime":
      yield* visitSmime(part);
      break;
    case "html":
    case "plain":
    case "other":
      yield { kind: "text", text: { [role]: part } };
      break;
    case "inline":
    case "attachment":
      // Exchange takes multipart/encrypted apart.
      if (part.type === "application/pgp-encrypted") yield { kind: "encrypted", protection: "PGP" };
      yield { kind: "attachment", part, inline: role === "inline" };
  }
}

/** The part that refers to the others (RFC 2387 section 3.2); of one that begins with a picture the first text. */
function rootOf({ children, parameters }: Part): Part | undefined {
  const start = parameters.start?.replace(/^<|>$/g, "");
  return (
    children.find(({ contentId }) => start !== undefined && contentId === start) ??
    children.find(({ type }) => /^(text|multipart)\//.test(type)) ??
    children[0]
  );
}

const isPkcs7 = (protocol = "") => /pkcs7/i.test(protocol);

function signatureOf({ parameters }: Part, signatures: readonly Part[]): Protection {
  const isPgp =
    /pgp/i.test(parameters.protocol ?? "") ||
    signatures.some(({ type, name = "" }) => /pgp/.test(type) || /\.asc$/i.test(name));
  return isPgp ? "PGP" : "S/MIME";
}

function* visitSmime(part: Part): Generator<Finding> {
  const kind = (part.parameters["smime-type"] ?? "").toLowerCase();
  const isEncrypted = /enveloped-data$/.test(kind);
  // Without the parameter it may be either; certificates and compressed data are files.
  if (kind === "signed-data" || kind === "") yield { kind: "text", text: { signed: part } };
  if (kind === "signed-data") yield { kind: "signed", protection: "S/MIME" };
  if (isEncrypted) yield { kind: "encrypted", protection: "S/MIME" };
  yield { kind: "attachment", part, inline: false };
}

const statusType = /^message\/(global-|x-?)?(delivery-status|disposition-notification|feedback-report)$/;

/** Names of the status in reports that give it another type. */
const statusName = /^(?:delivery-status|message-delivery-status|details\.txt)$/i;

function* visitReport(part: Part): Generator<Finding> {
  const status = part.children.find(({ type, name = "" }) => statusType.test(type) || statusName.test(name));
  const kind = part.parameters["report-type"] ?? status?.type.split("/")[1] ?? "report";
  yield { kind: "report", report: { kind: kind.toLowerCase(), status } };
  for (const child of part.children) {
    if (child === status) continue;
    if (child.type === "text/rfc822-headers" || child.type === "message/rfc822")
      yield { kind: "attachment", part: child, inline: false };
    else yield* visit(child, { inRelated: false });
  }
}

/** The treatment of a part inside multipart/alternative. */
type FormRole = "html" | "plain" | "other" | "calendar" | "pieces" | "container" | "duplicate" | "attachment";

const formRoles: Readonly<Record<string, FormRole>> = {
  "text/html": "html",
  "text/plain": "plain",
  "text/calendar": "calendar",
  "multipart/related": "pieces",
  "multipart/mixed": "pieces",
  "text/enriched": "other",
  "text/richtext": "other",
  // The same text for AMP readers and for watches.
  "text/x-amp-html": "duplicate",
  "text/watch-html": "duplicate",
};

function formRoleOf(part: Part): FormRole {
  if (part.disposition === "attachment") return "attachment";
  const role = Object.hasOwn(formRoles, part.type) ? formRoles[part.type] : undefined;
  return role ?? (part.type.startsWith("multipart/") ? "container" : "attachment");
}

/** Combines the forms of one text (RFC 2046 section 5.1.4). */
function* visitAlternative(node: Part): Generator<Finding> {
  const text: BodyText = {};
  const further: Part[] = [];

  function* visitForm(part: Part): Generator<Finding> {
    const role = formRoleOf(part);
    switch (role) {
      case "html":
      case "plain":
      case "other":
        text[role] ??= part;
        break;
      case "calendar":
        yield { kind: "calendar", part };
        break;
      case "pieces":
        yield* visitPieces(part);
        break;
      case "container":
        for (const child of part.children) yield* visitForm(child);
        break;
      case "attachment":
        yield { kind: "attachment", part, inline: false };
    }
  }

  /** Apple Mail sends the text in pieces, with pictures and files between them. */
  function* visitPieces(part: Part): Generator<Finding> {
    const { html, plain } = text;
    for (const [index, child] of part.children.entries()) {
      const continues = text.html !== html || (child.type === "text/plain" && text.plain !== plain);
      if (continues && isPlainOrHtml(child) && isBody(child)) further.push(child);
      else if (index === 0 || isPlainOrHtml(child) || child.type.startsWith("multipart/"))
        yield* visitForm(child);
      else
        yield {
          kind: "attachment",
          part: child,
          inline: isInline(child, part.type === "multipart/related"),
        };
    }
  }

  for (const child of node.children) yield* visitForm(child);
  if (text.html || text.plain || text.other)
    yield { kind: "text", text: { ...text, further: further.length > 0 ? further : undefined } };
}

const isPlainOrHtml = ({ type }: Part) => type === "text/plain" || type === "text/html";

/** Text of the email rather than an attached text file. */
const isBody = ({ type, disposition, name }: Part) =>
  type.startsWith("text/") &&
  disposition !== "attachment" &&
  !(name !== undefined && disposition !== "inline");

/** A picture that is marked inline or belongs to HTML, or another resource of the HTML that is no attachment. */
const isInline = ({ type, disposition }: Part, inRelated: boolean) =>
  type.startsWith("image/")
    ? inRelated || disposition === "inline"
    : inRelated && disposition !== "attachment";

/** A line end or two, as programs leave them above a forwarded email. */
const isBlank = ({ html, plain, other, signed }: BodyText) =>
  ((html ?? plain ?? other ?? signed)?.size ?? 0) <= 4;

function textsOf(finding: Finding): BodyText[] {
  if (finding.kind === "text") return [finding.text];
  return finding.kind === "enclosed" ? enclosedTexts(finding.part) : [];
}

/** The texts of an attached email under its header. */
function enclosedTexts({ attachedHeader, children: [inner] }: Part): BodyText[] {
  const [first, ...rest] = inner ? toEmailContents(inner).texts : [];
  if (!first) return [];
  const attachedHeaders = [attachedHeader ?? { subject: "" }, ...(first.attachedHeaders ?? [])];
  return [{ ...first, attachedHeaders }, ...rest];
}

/** `shown`: attached emails whose text is there already; twice, nested emails would double at each level. */
function forwardedTexts({ part, inside }: AttachedPart, shown: ReadonlySet<Part>): BodyText[] {
  if (inside !== undefined) return [];
  const texts = isAttachedEmail(part) && !shown.has(part) ? enclosedTexts(part) : [];
  // Exchange wraps a complete email in winmail.dat.
  return isOutlookFile(part) ? [...texts, { outlook: part }] : texts;
}

/** Numbers the attachments from 1, those of an attached email directly after it. */
function numberAttachments(findings: readonly Finding[]): AttachedPart[] {
  const attachments: AttachedPart[] = [];
  const add = (part: Part, inline: boolean, inside?: number): void => {
    if (attachments.length >= maxAttachments) return;
    const index = attachments.length + 1;
    attachments.push({ index, part, inline, inside });
    if (isAttachedEmail(part)) for (const file of part.children.flatMap(filesIn)) add(file, false, index);
  };
  for (const finding of findings) if (finding.kind === "attachment") add(finding.part, finding.inline);
  return attachments;
}

/** The attachments of an attached email. */
function filesIn(part: Part): Part[] {
  if (part.type.startsWith("multipart/")) return part.children.flatMap(filesIn);
  return isBody(part) ? [] : [part];
}
