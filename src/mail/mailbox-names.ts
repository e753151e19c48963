/**
 * Names of mailboxes in mail programs and at providers, by role, that imapflow's own list lacks. For servers without
 * SPECIAL-USE (RFC 6154).
 */
import type { MailboxRole } from "./reading.ts";

const names: readonly [MailboxRole, string][] = [
  [
    "sent",
    `objets envoyés, courrier envoyé, correo enviado, odeslané zprávy, skickade, skickade meddelanden,
    skickade objekt, отправлено, відправлені, gönderilen, gönderilenler, σταλμένα, 送信済みメッセージ, 已发送的邮件,
    已傳送郵件, 보낸편지함, 보낸메일함, 보낸 메일함, דואר שנשלח, العناصر المرسلة, รายการที่ส่ง`,
  ],
  [
    "drafts",
    `entwurf, brouillon, bozza, rascunho, robocze, udkast, luonnos, schițe, 下書きトレイ, 草稿夹, 草稿夾, 임시보관함,
    bản nháp, nháp, แบบร่าง`,
  ],
  [
    "trash",
    `gelöschte nachrichten, messages supprimés, supprimés, eliminados, mensajes eliminados, eliminati, excluídos,
    verwijderd, smazané, borttagna, silinenler, κάδος, 削除済み, 已删除, 已刪除的郵件, 지운편지함, سلة المهملات, rubbish, trash can`,
  ],
  [
    "junk",
    `spamverdacht, spam-verdacht, unerwünscht, indésirable, quarantaine, ongewenste mail, ongewenste reclame, śmieci,
    wiadomości śmieci, nevyžádané, kéretlen levelek, e-mail nedorit, 迷惑メールフォルダ, 垃圾信件匣, 스팸메일함, 스팸 메일함,
    스팸편지함, ספאם, البريد العشوائي, بريد غير هام, bulk`,
  ],
  ["archive", "archiviati, arquivados, arkivera, αρχείο, 歸檔, 아카이브, เก็บถาวร, archived"],
];

const fold = (name: string) => name.trim().normalize("NFKC").toLowerCase();

const roleByName = new Map(
  names.flatMap(([role, list]) =>
    list.split(/,\s+/).map((name): [string, MailboxRole] => [fold(name), role]),
  ),
);

/** The role of a mailbox by its name, the last level of its path; undefined for any other name. */
export const roleOfName = (name: string): MailboxRole | undefined => roleByName.get(fold(name));
