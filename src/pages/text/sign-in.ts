/** The texts about signing in at a mail company instead of typing a password. `name`: that of the issuer. */
import type { Language } from "./language.ts";

const en = {
  continueWith: (name: string) => `Continue with ${name}`,
  help: (name: string) =>
    `You sign in at ${name} and say there what this server may do. You type no password here, and you can take the permission back there at any time.`,
  instead: (name: string) => `Or sign in at ${name} instead of typing a password:`,
  proof: (name: string) => `Sign in at ${name} once more, to show that this mailbox is yours.`,
  proofFailed: (name: string) =>
    `The sign-in at ${name} did not show that this mailbox is yours. Try again, with the account that it belongs to.`,
  takeBack: (name: string) =>
    `Disconnect it in the settings of the program, under Connectors in Claude. Taking the permission back at ${name} ends it, too, whatever the program does.`,
  adminLink: "Link for the administrator of your organization",
  /** Sentences for a company without an issuer in the settings. */
  notConfigured: {
    known: (name: string) =>
      `This server could let you sign in at ${name} instead: its operator would have to register it there, as the guide docs/${name.toLowerCase()}.md says.`,
    published: (host: string) =>
      `Your domain names ${host} for signing in. This server is not registered there: its operator would have to add it to SIGN_IN_FILE.`,
  },
  problem: {
    consent_refused: (name: string) =>
      `The permission was not given at ${name}. Without it, nothing can be connected: continue with ${name} again and agree.`,
    admin_approval: (name: string) =>
      `At ${name}, an administrator of your organization has to approve this program first. Send them the link below, then try again.`,
    conditional_access: (name: string) =>
      `A rule of your organization about devices, places or networks does not allow this sign-in at ${name}. Ask its administrator.`,
    client_refused: (name: string) =>
      `${name} does not accept this server: its registration there is wrong or has expired. Tell the operator of this server.`,
    issuer_down: (name: string) => `${name} does not answer at the moment. Try again in a minute.`,
    ended: (name: string) => `The sign-in at ${name} has ended. Continue with ${name} again.`,
    no_refresh_token: (name: string) =>
      `${name} gave a permission for a short time only, so that this server could not keep the mailbox connected. Tell the operator of this server.`,
    scope_missing: (name: string) =>
      `The permission to read your mail was not given at ${name}. Continue with ${name} again and leave the check marks as they are.`,
    wrong_account: (name: string) =>
      `The account you chose at ${name} does not open this address. Check the address, continue with ${name} again, and choose the account that it belongs to.`,
    not_offered: (name: string) =>
      `The mail server of ${name} offers neither OAUTHBEARER nor XOAUTH2, so that a sign-in there opens no mailbox. Tell the operator of this server.`,
    mail_server: (name: string) =>
      `You signed in at ${name}, but its mail server did not answer as it should. Try again in a minute.`,
    untrusted: (name: string) => `The answer of ${name} could not be verified. Continue with ${name} again.`,
    unavailable: "There is no sign-in for this address on this server.",
  },
  sending: {
    not_allowed:
      "It is connected without sending, because you did not allow sending. To change that, remove it and connect it again.",
    switched_off:
      "It is connected without sending: your organization has switched off sending by other programs (SMTP). An administrator can switch it on; then connect the mailbox again.",
    failed:
      "It is connected without sending, because the mail server did not take the sign-in for sending just now. To try again, remove it and connect it again.",
  },
  notice: {
    other_browser: {
      title: "Open this in your normal browser",
      text: "You came back in another browser than the one in which you began, or in one that keeps no cookies. Nothing was connected. If somebody sent you a link to get here, do not follow it. Otherwise choose Connect in Claude again, in your normal browser.",
    },
    unknown: {
      title: "This sign-in is over",
      text: "It was used already, or took more than ten minutes. Go back to Claude and choose Connect again.",
    },
  },
};

export type SignInTexts = typeof en;

const de: SignInTexts = {
  continueWith: (name) => `Weiter mit ${name}`,
  help: (name) =>
    `Sie melden sich bei ${name} an und sagen dort, was dieser Server darf. Hier geben Sie kein Passwort ein, und Sie können die Erlaubnis dort jederzeit zurücknehmen.`,
  instead: (name) => `Oder melden Sie sich bei ${name} an, statt ein Passwort einzugeben:`,
  proof: (name) =>
    `Melden Sie sich noch einmal bei ${name} an, um zu zeigen, dass dieses Postfach Ihres ist.`,
  proofFailed: (name) =>
    `Die Anmeldung bei ${name} hat nicht gezeigt, dass dieses Postfach Ihres ist. Versuchen Sie es noch einmal, mit dem Konto, zu dem es gehört.`,
  takeBack: (name) =>
    `Trennen Sie die Verbindung in den Einstellungen des Programms, in Claude unter Connectors. Auch wenn Sie die Erlaubnis bei ${name} zurücknehmen, ist sie beendet, was immer das Programm tut.`,
  adminLink: "Link für den Administrator Ihrer Organisation",
  notConfigured: {
    known: (name) =>
      `Dieser Server könnte Sie stattdessen bei ${name} anmelden lassen: Sein Betreiber müsste ihn dort registrieren, wie es in der Anleitung docs/${name.toLowerCase()}.md steht.`,
    published: (host) =>
      `Ihre Domain nennt ${host} für die Anmeldung. Dieser Server ist dort nicht registriert: Sein Betreiber müsste ihn in SIGN_IN_FILE eintragen.`,
  },
  problem: {
    consent_refused: (name) =>
      `Die Erlaubnis wurde bei ${name} nicht erteilt. Ohne sie kann nichts verbunden werden: Gehen Sie noch einmal weiter mit ${name} und stimmen Sie zu.`,
    admin_approval: (name) =>
      `Bei ${name} muss ein Administrator Ihrer Organisation dieses Programm zuerst freigeben. Schicken Sie ihm den Link unten und versuchen Sie es dann noch einmal.`,
    conditional_access: (name) =>
      `Eine Regel Ihrer Organisation über Geräte, Orte oder Netze erlaubt diese Anmeldung bei ${name} nicht. Fragen Sie den Administrator.`,
    client_refused: (name) =>
      `${name} nimmt diesen Server nicht an: Seine Registrierung dort ist falsch oder abgelaufen. Sagen Sie es dem Betreiber dieses Servers.`,
    issuer_down: (name) => `${name} antwortet im Moment nicht. Versuchen Sie es in einer Minute noch einmal.`,
    ended: (name) => `Die Anmeldung bei ${name} ist beendet. Gehen Sie noch einmal weiter mit ${name}.`,
    no_refresh_token: (name) =>
      `${name} hat nur eine kurze Erlaubnis erteilt, mit der dieser Server das Postfach nicht verbunden halten kann. Sagen Sie es dem Betreiber dieses Servers.`,
    scope_missing: (name) =>
      `Die Erlaubnis, Ihre E-Mails zu lesen, wurde bei ${name} nicht erteilt. Gehen Sie noch einmal weiter mit ${name} und lassen Sie die Häkchen, wie sie sind.`,
    wrong_account: (name) =>
      `Das Konto, das Sie bei ${name} gewählt haben, öffnet diese Adresse nicht. Prüfen Sie die Adresse, gehen Sie noch einmal weiter mit ${name} und wählen Sie das Konto, zu dem sie gehört.`,
    not_offered: (name) =>
      `Der Mailserver von ${name} bietet weder OAUTHBEARER noch XOAUTH2 an, so dass eine Anmeldung dort kein Postfach öffnet. Sagen Sie es dem Betreiber dieses Servers.`,
    mail_server: (name) =>
      `Sie haben sich bei ${name} angemeldet, aber der Mailserver dort hat nicht richtig geantwortet. Versuchen Sie es in einer Minute noch einmal.`,
    untrusted: (name) =>
      `Die Antwort von ${name} ließ sich nicht prüfen. Gehen Sie noch einmal weiter mit ${name}.`,
    unavailable: "Für diese Adresse gibt es auf diesem Server keine Anmeldung.",
  },
  sending: {
    not_allowed:
      "Es ist ohne Senden verbunden, weil Sie das Senden nicht erlaubt haben. Um das zu ändern, entfernen Sie es und verbinden Sie es noch einmal.",
    switched_off:
      "Es ist ohne Senden verbunden: Ihre Organisation hat das Senden durch andere Programme (SMTP) abgeschaltet. Ein Administrator kann es einschalten; verbinden Sie das Postfach dann noch einmal.",
    failed:
      "Es ist ohne Senden verbunden, weil der Mailserver die Anmeldung zum Senden gerade nicht angenommen hat. Um es noch einmal zu versuchen, entfernen Sie es und verbinden Sie es noch einmal.",
  },
  notice: {
    other_browser: {
      title: "Öffnen Sie das in Ihrem normalen Browser",
      text: "Sie sind in einem anderen Browser zurückgekommen als dem, in dem Sie angefangen haben, oder in einem, der keine Cookies behält. Es wurde nichts verbunden. Wenn Ihnen jemand einen Link hierher geschickt hat, folgen Sie ihm nicht. Sonst wählen Sie in Claude noch einmal Verbinden, in Ihrem normalen Browser.",
    },
    unknown: {
      title: "Diese Anmeldung ist vorbei",
      text: "Sie wurde schon verwendet oder hat länger als zehn Minuten gedauert. Gehen Sie zurück zu Claude und wählen Sie noch einmal Verbinden.",
    },
  },
};

const fr: SignInTexts = {
  continueWith: (name) => `Continuer avec ${name}`,
  help: (name) =>
    `Vous vous connectez chez ${name} et y dites ce que ce serveur peut faire. Vous ne saisissez ici aucun mot de passe, et vous pouvez y retirer l’autorisation à tout moment.`,
  instead: (name) => `Ou connectez-vous chez ${name} au lieu de saisir un mot de passe :`,
  proof: (name) => `Connectez-vous encore une fois chez ${name}, pour montrer que cette boîte est la vôtre.`,
  proofFailed: (name) =>
    `La connexion chez ${name} n’a pas montré que cette boîte est la vôtre. Réessayez, avec le compte auquel elle appartient.`,
  takeBack: (name) =>
    `Déconnectez-le dans les réglages du programme, sous Connectors dans Claude. Retirer l’autorisation chez ${name} y met fin aussi, quoi que fasse le programme.`,
  adminLink: "Lien pour l’administrateur de votre organisation",
  notConfigured: {
    known: (name) =>
      `Ce serveur pourrait vous laisser vous connecter chez ${name} : son exploitant devrait l’y enregistrer, comme le dit le guide docs/${name.toLowerCase()}.md.`,
    published: (host) =>
      `Votre domaine indique ${host} pour la connexion. Ce serveur n’y est pas enregistré : son exploitant devrait l’ajouter à SIGN_IN_FILE.`,
  },
  problem: {
    consent_refused: (name) =>
      `L’autorisation n’a pas été donnée chez ${name}. Sans elle, rien ne peut être connecté : continuez encore une fois avec ${name} et acceptez.`,
    admin_approval: (name) =>
      `Chez ${name}, un administrateur de votre organisation doit d’abord approuver ce programme. Envoyez-lui le lien ci-dessous, puis réessayez.`,
    conditional_access: (name) =>
      `Une règle de votre organisation sur les appareils, les lieux ou les réseaux ne permet pas cette connexion chez ${name}. Demandez à son administrateur.`,
    client_refused: (name) =>
      `${name} n’accepte pas ce serveur : son enregistrement y est erroné ou expiré. Dites-le à l’exploitant de ce serveur.`,
    issuer_down: (name) => `${name} ne répond pas pour le moment. Réessayez dans une minute.`,
    ended: (name) => `La connexion chez ${name} a pris fin. Continuez encore une fois avec ${name}.`,
    no_refresh_token: (name) =>
      `${name} n’a donné qu’une autorisation de courte durée, avec laquelle ce serveur ne pourrait pas garder la boîte connectée. Dites-le à l’exploitant de ce serveur.`,
    scope_missing: (name) =>
      `L’autorisation de lire vos e-mails n’a pas été donnée chez ${name}. Continuez encore une fois avec ${name} et laissez les cases cochées.`,
    wrong_account: (name) =>
      `Le compte que vous avez choisi chez ${name} n’ouvre pas cette adresse. Vérifiez l’adresse, continuez encore une fois avec ${name} et choisissez le compte auquel elle appartient.`,
    not_offered: (name) =>
      `Le serveur de messagerie de ${name} ne propose ni OAUTHBEARER ni XOAUTH2, si bien qu’une connexion n’y ouvre aucune boîte. Dites-le à l’exploitant de ce serveur.`,
    mail_server: (name) =>
      `Vous vous êtes connecté chez ${name}, mais son serveur de messagerie n’a pas répondu correctement. Réessayez dans une minute.`,
    untrusted: (name) =>
      `La réponse de ${name} n’a pas pu être vérifiée. Continuez encore une fois avec ${name}.`,
    unavailable: "Il n’y a pas de connexion pour cette adresse sur ce serveur.",
  },
  sending: {
    not_allowed:
      "Elle est connectée sans envoi, parce que vous n’avez pas autorisé l’envoi. Pour changer cela, retirez-la et connectez-la de nouveau.",
    switched_off:
      "Elle est connectée sans envoi : votre organisation a désactivé l’envoi par d’autres programmes (SMTP). Un administrateur peut l’activer ; connectez alors la boîte de nouveau.",
    failed:
      "Elle est connectée sans envoi, parce que le serveur de messagerie n’a pas accepté la connexion pour l’envoi à l’instant. Pour réessayer, retirez-la et connectez-la de nouveau.",
  },
  notice: {
    other_browser: {
      title: "Ouvrez ceci dans votre navigateur habituel",
      text: "Vous êtes revenu dans un autre navigateur que celui où vous avez commencé, ou dans un navigateur qui ne garde pas les cookies. Rien n’a été connecté. Si quelqu’un vous a envoyé un lien pour arriver ici, ne le suivez pas. Sinon, choisissez de nouveau Connecter dans Claude, dans votre navigateur habituel.",
    },
    unknown: {
      title: "Cette connexion est terminée",
      text: "Elle a déjà été utilisée ou a duré plus de dix minutes. Retournez à Claude et choisissez de nouveau Connecter.",
    },
  },
};

const texts: Readonly<Record<Language, SignInTexts>> = { en, de, fr };

export function signInTextsFor(language: Language): SignInTexts {
  return texts[language];
}
