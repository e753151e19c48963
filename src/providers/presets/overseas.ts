/** Providers that serve one country of America, Asia or Australia. */
import type { Provider } from "../provider.ts";
import { imaps, smtps } from "../servers.ts";

export const overseas: readonly Provider[] = [
  {
    id: "att",
    name: "AT&T Mail",
    domains: [
      "att.net",
      "sbcglobal.net",
      "bellsouth.net",
      "ameritech.net",
      "pacbell.net",
      "swbell.net",
      "prodigy.net",
      "flash.net",
      "nvbell.net",
      "snet.net",
      "wans.net",
      "currently.com",
    ],
    imap: imaps("imap.mail.att.net"),
    smtp: smtps("smtp.mail.att.net"),
    username: "address",
    appPassword: {
      kind: "needed",
      url: "https://www.att.com/support/article/email-support/KM1240308/",
      steps:
        "Sign in to your AT&T profile, open Sign-in info, and make a secure mail key; it takes the place of the password.",
    },
    filesSentMail: false,
  },
  {
    id: "comcast",
    name: "Xfinity, Comcast",
    domains: ["comcast.net"],
    imap: imaps("imap.comcast.net"),
    smtp: smtps("smtp.comcast.net"),
    username: "address",
    appPassword: {
      kind: "optional",
      url: "https://www.xfinity.com/support/articles/third-party-email-access",
      steps:
        "In Xfinity Email's settings, under Security, allow third-party access first; then your usual password works.",
    },
    filesSentMail: false,
  },
  {
    id: "telstra",
    name: "Telstra, BigPond",
    domains: ["bigpond.com", "bigpond.net.au", "bigpond.net", "telstra.com"],
    imap: imaps("imap.telstra.com"),
    smtp: smtps("smtp.telstra.com"),
    username: "address",
    appPassword: {
      kind: "optional",
      url: "https://www.telstra.com.au/support/category/email/telstra-mail/recommended-email-settings-for-telstra-mail",
      steps: "Your usual email password works.",
    },
    filesSentMail: false,
  },
  {
    id: "qq",
    name: "QQ Mail",
    domains: ["qq.com", "foxmail.com", "vip.qq.com"],
    imap: imaps("imap.qq.com"),
    smtp: smtps("smtp.qq.com"),
    username: "address",
    appPassword: {
      kind: "needed",
      url: "https://service.mail.qq.com/",
      steps:
        "In the mail settings under Account switch on IMAP/SMTP and make an authorization code; it takes the place of the password.",
    },
    filesSentMail: false,
  },
  {
    id: "netease163",
    name: "NetEase 163",
    domains: ["163.com"],
    imap: imaps("imap.163.com"),
    smtp: smtps("smtp.163.com"),
    username: "address",
    appPassword: {
      kind: "needed",
      url: "https://mail.163.com/",
      steps:
        "In Settings, POP3/SMTP/IMAP, switch on IMAP and make an authorization code; it takes the place of the password.",
    },
    filesSentMail: false,
  },
  {
    id: "netease126",
    name: "NetEase 126",
    domains: ["126.com"],
    imap: imaps("imap.126.com"),
    smtp: smtps("smtp.126.com"),
    username: "address",
    appPassword: {
      kind: "needed",
      url: "https://mail.126.com/",
      steps:
        "In Settings, POP3/SMTP/IMAP, switch on IMAP and make an authorization code; it takes the place of the password.",
    },
    filesSentMail: false,
  },
  {
    id: "naver",
    name: "Naver Mail",
    domains: ["naver.com"],
    imap: imaps("imap.naver.com"),
    smtp: smtps("smtp.naver.com"),
    username: "address-then-local-part",
    appPassword: {
      kind: "needed",
      url: "https://help.naver.com/service/30029/contents/21342?osType=PC&lang=ko",
      steps:
        "Turn on two-step sign-in, make an application password there, and switch on IMAP/SMTP in Naver Mail's settings.",
    },
    filesSentMail: false,
  },
  {
    id: "daum",
    name: "Daum Mail",
    domains: ["daum.net", "hanmail.net"],
    imap: imaps("imap.daum.net"),
    smtp: smtps("smtp.daum.net"),
    username: "address-then-local-part",
    appPassword: {
      kind: "optional",
      url: "https://cs.daum.net/",
      steps: "Switch on IMAP/SMTP in Daum Mail's settings. With two-step sign-in on, make an app password.",
    },
    filesSentMail: false,
  },
];
