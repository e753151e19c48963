/**
 * EBCDIC code pages of IBM mainframes, which neither the WHATWG encodings nor iconv-lite contain. Each is written as its
 * differences from code page 500.
 */

/** The 256 characters of code page 500. */
const codePage500 = [
  "\u0000\u0001\u0002\u0003\u009c\u0009\u0086\u007f\u0097\u008d\u008e\u000b\u000c\u000d\u000e\u000f\u0010\u0011\u0012\u0013\u009d\u0085\u0008\u0087\u0018\u0019\u0092\u008f\u001c\u001d\u001e\u001f",
  "\u0080\u0081\u0082\u0083\u0084\u000a\u0017\u001b\u0088\u0089\u008a\u008b\u008c\u0005\u0006\u0007\u0090\u0091\u0016\u0093\u0094\u0095\u0096\u0004\u0098\u0099\u009a\u009b\u0014\u0015\u009e\u001a",
  " \u00a0âäàáãåçñ[.<(+!&éêëèíîïìß]$*);^",
  "-/ÂÄÀÁÃÅÇÑ¦,%_>?øÉÊËÈÍÎÏÌ`:#@'=\"",
  "Øabcdefghi«»ðýþ±°jklmnopqrªºæ¸Æ¤",
  "µ~stuvwxyz¡¿ÐÝÞ®¢£¥·©§¶¼½¾¬|¯¨´×",
  "{ABCDEFGHI\u00adôöòóõ}JKLMNOPQR¹ûüùúÿ",
  "\\÷STUVWXYZ²ÔÖÒÓÕ0123456789³ÛÜÙÚ\u009f",
].join("");

/** By code page: byte in hexadecimal, character, and so on. */
const differences: Readonly<Record<string, string>> = {
  "500": "",
  "37": "4a¢4f|5a!5f¬b0^ba[bb]",
  "273": "43{4aÄ59~5aÜ63[6aö7c§a1ßb5@c0äcc¦d0üdc}e0Öec\\fc]",
  "277": "47}4a#5a¤5bÅ67$6aø70¦7bÆ7cØ80@9c{9e[9f]a1üc0æd0ådc~",
  "278": "43{47}4a§51`5a¤5bÅ63#67$6aö79é7bÄ7cÖ9f]a1üb5[c0äcc¦d0ådc~ec@",
  "280": "44{48\\4a°51]54}58~5aé6aò79ù7b£7c§90[a1ìb1#b5@c0àcd¦d0èdd`e0ç",
  "284": "49¦4f|5f¬69#6añ7bÑa1¨ba^bb!bd~",
  "285": "4a$4f|5a!5b£5f¬a1‾b1[ba^bb]bc~",
  "297": "44@48\\4a°51{54}5a§6aù79µ7b£7cà90[a0`a1¨b1#b5]bd~c0éd0èdd¦e0ç",
  "424":
    "41א42ב43ג44ד45ה46ו47ז48ח49ט4a¢4f|51י52ך53כ54ל55ם56מ57ן58נ59ס5a!5f¬62ע63ף64פ65ץ66צ67ק68ר69ש70\ufffd71ת72\ufffd73\ufffd74\u00a075\ufffd76\ufffd77\ufffd78⇔80\ufffd8c\ufffd8d\ufffd8e\ufffd8f\ufffd9a\ufffd9b\ufffd9c\ufffd9e\ufffdaa\ufffdab\ufffdac\ufffdad\ufffdae\ufffdb0^ba[bb]cb\ufffdcc\ufffdcd\ufffdce\ufffdcf\ufffddb\ufffddc\ufffddd\ufffdde\ufffddf\ufffdeb\ufffdec\ufffded\ufffdee\ufffdef\ufffdfb\ufffdfc\ufffdfd\ufffdfe\ufffd",
  "871": "4aþ5aÆ5fÖ79ð7cÐ8c`8e{9c}9e]a1öac@ae[be\\c0Þcc~d0æe0´ec^",
  "875":
    "41Α42Β43Γ44Δ45Ε46Ζ47Η48Θ49Ι51Κ52Λ53Μ54Ν55Ξ56Ο57Π58Ρ59Σ62Τ63Υ64Φ65Χ66Ψ67Ω68Ϊ69Ϋ6a\ufffd70¨71Ά72Έ73Ή74∇75Ί76Ό77Ύ78Ώ80\u03858aα8bβ8cγ8dδ8eε8fζ9aη9bθ9cι9dκ9eλ9fμa0´aaνabξacοadπaeρafσb0£b1άb2έb3ήb4ϊb5ίb6όb7ύb8ϋb9ώbaςbbτbcυbdφbeχbfψcbωccΐcdΰce‘cf―da±db½dc\ufffddd·de’df¦e1\ufffdeb§ec\ufffded\ufffdee«ef¬fb©fc\ufffdfd\ufffdfe»",
  "880":
    "41\ufffd42ђ43ѓ44ё45\ufffd46ѕ47і48ї49ј51љ52њ53ћ54ќ55\ufffd56џ57Ъ58№59Ђ62Ѓ63Ё64\ufffd65Ѕ66І67Ї68Ј69Љ70Њ71Ћ72Ќ73\ufffd74\ufffd75Џ76ю77а78б79\ufffd80ц8aд8bе8cф8dг8eх8fи90й9aк9bл9cм9dн9eо9fпa0яa1\ufffdaaрabсacтadуaeжafвb0ьb1ыb2зb3шb4эb5щb6чb7ъb8Юb9АbaБbbЦbcДbdЕbeФbfГc0\ufffdcaХcbИccЙcdКceЛcfМd0\ufffddaНdbОdcПddЯdeРdfСe1¤eaТebУecЖedВeeЬefЫfaЗfbШfcЭfdЩfeЧ",
  "1025":
    "42ђ43ѓ44ё45є46ѕ47і48ї49ј51љ52њ53ћ54ќ55ў56џ57Ъ58№59Ђ62Ѓ63Ё64Є65Ѕ66І67Ї68Ј69Љ6a|70Њ71Ћ72Ќ73\u00ad74Ў75Џ76ю77а78б80ц8aд8bе8cф8dг8eх8fи90й9aк9bл9cм9dн9eо9fпa0яaaрabсacтadуaeжafвb0ьb1ыb2зb3шb4эb5щb6чb7ъb8Юb9АbaБbbЦbcДbdЕbeФbfГcaХcbИccЙcdКceЛcfМdaНdbОdcПddЯdeРdfСe1§eaТebУecЖedВeeЬefЫfaЗfbШfcЭfdЩfeЧ",
  "1026": '48{4aÇ5aĞ5bİ68[6aş79ı7bÖ7cŞ7fÜ8c}8d`8e¦9d˛a1öac]ad$ae@bc—c0çcc~d0ğdc\\e0üec#fc"',
  "1047": "4a¢4f|5a!ad[b0¬baÝbb¨bd]",
  "1112":
    "42š44ą45į46ū48ē49ž4a¢4f|52ę53ė54č55ų56„57“58ģ5a!5f¬62Š64Ą65Į66Ū68Ē69Ž72Ę73Ė74Č75Ų76Ī77Ļ78Ģ8cā8dż8eń9aŖ9bŗ9dķaa”abźacĀadŻaeŃb0^b2ība[bb]bcŹbdĶbeļcbōcdņdbćddłdeśdf’ebŌedŅfbĆfdŁfeŚ",
  "1122": "43{47}4a§51`5a¤5bÅ63#67$6aö71\\79é7bÄ7cÖ8cš8ež9f]a1üacŠaeŽb5[c0äcc¦d0ådc~e0Éec@",
  "1140": "4a¢4f|5a!5f¬9f€b0^ba[bb]",
  "1141": "43{4aÄ59~5aÜ63[6aö7c§9f€a1ßb5@c0äcc¦d0üdc}e0Öec\\fc]",
  "1142": "47}4a#5a€5bÅ67$6aø70¦7bÆ7cØ80@9c{9e[9f]a1üc0æd0ådc~",
  "1143": "43{47}4a§51`5a€5bÅ63#67$6aö71\\79é7bÄ7cÖ9f]a1üb5[c0äcc¦d0ådc~e0Éec@",
  "1144": "44{48\\4a°51]54}58~5aé6aò79ù7b£7c§90[9f€a1ìb1#b5@c0àcd¦d0èdd`e0ç",
  "1145": "49¦4f|5f¬69#6añ7bÑ9f€a1¨ba^bb!bd~",
  "1146": "4a$4f|5a!5b£5f¬9f€a1¯b1[ba^bb]bc~",
  "1147": "44@48\\4a°51{54}5a§6aù79µ7b£7cà90[9f€a0`a1¨b1#b5]bd~c0éd0èdd¦e0ç",
  "1148": "9f€",
  "1149": "4aÞ5aÆ5fÖ79ð7cÐ8c`8e{9c}9e]9f€a1öac@ae[be\\c0þcc~d0æe0´ec^",
};

/** Names of RFC 1345 and of IANA's registry that do not contain the number. */
const names: Readonly<Record<string, string>> = {
  ebcdic: "37",
  ebcdicus: "37",
  ebcdiccpus: "37",
  ebcdiccpca: "37",
  ebcdiccpwt: "37",
  ebcdiccpnl: "37",
  ebcdiccpbe: "500",
  ebcdiccpch: "500",
  ebcdicatde: "273",
  ebcdicde: "273",
  ebcdiccpdk: "277",
  ebcdiccpno: "277",
  ebcdiccpfi: "278",
  ebcdiccpse: "278",
  ebcdiccpit: "280",
  ebcdiccpes: "284",
  ebcdiccpgb: "285",
  ebcdiccpfr: "297",
  ebcdiccphe: "424",
  ebcdiccpis: "871",
  ebcdiccyrillic: "880",
  ebcdiccpgr: "875",
};

/** Returns a decoder for a label without punctuation, such as `ibm037`; undefined when it is no EBCDIC code page. */
export function ebcdicDecoder(label: string): ((bytes: Uint8Array) => string) | undefined {
  const [, number = ""] = /^(?:cs|x)?(?:ibm|cp|ccsid|ebcdic)0*(\d{2,4})$/.exec(label) ?? [];
  const codePage = (Object.hasOwn(names, label) && names[label]) || number;
  const difference = Object.hasOwn(differences, codePage) ? differences[codePage] : undefined;
  if (difference === undefined) return undefined;
  const table = [...codePage500];
  for (let at = 0; at + 2 < difference.length; at += 3)
    table[Number.parseInt(difference.slice(at, at + 2), 16)] = difference.charAt(at + 2);
  // The new line of EBCDIC is U+0085.
  return (bytes) =>
    Array.from(bytes, (byte) => table[byte])
      .join("")
      .replaceAll("\u0085", "\n");
}
