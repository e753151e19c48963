/** Text for the charset guesser: written for these tests, in the style of everyday email. */
import iconv from "iconv-lite";

export type CorpusEntry = {
  language: string;
  /** BCP 47. */
  tag: string;
  /** A top-level domain where the language is usual. */
  domain: string;
  charsets: readonly string[];
  text: string;
};

export const charsetCorpus: readonly CorpusEntry[] = [
  {
    language: "German",
    tag: "de",
    domain: "de",
    charsets: ["windows-1252", "iso-8859-15"],
    text: "Sehr geehrte Frau Müller, vielen Dank für Ihre schnelle Rückmeldung. Die Wärmepumpe wird nächste Woche geliefert, die Handwerker kommen voraussichtlich am Donnerstag gegen halb acht. Bitte räumen Sie den Keller vorher so weit wie möglich frei, damit die Geräte durch die Tür passen. Für die Prüfung der Anschlüsse benötigen wir außerdem die Schlüssel zum Zählerraum. Über den Preis hatten wir ja schon gesprochen, es bleibt bei der Größenordnung aus dem Angebot. Falls später noch Fragen auftauchen, können Sie mich jederzeit anrufen oder mir schreiben. Ich freue mich auf die Zusammenarbeit und wünsche Ihnen ein schönes Wochenende. Mit freundlichen Grüßen, Jörg Schäfer. Übrigens: Der Hausmeister weiß Bescheid und hält den Parkplatz vor dem Gebäude frei. Die Nachbarn wurden ebenfalls über den Lärm benachrichtigt, niemand hat sich beschwert.",
  },
  {
    language: "French",
    tag: "fr",
    domain: "fr",
    charsets: ["windows-1252", "iso-8859-15"],
    text: "Bonjour Hélène, je vous remercie pour votre réponse très rapide. La réunion prévue à quinze heures est déplacée à vendredi, car le directeur a été retardé à l'aéroport. Pourriez-vous réserver une salle près de l'entrée et préparer le café pour une dizaine de personnes ? Les collègues étrangers arriveront peut-être dès jeudi soir, il faudra donc prévoir un hôtel à proximité. J'ai déjà envoyé les invitations, mais plusieurs élèves n'ont pas répondu. Voilà la liste complète des participants, complétée après notre dernière discussion. N'hésitez pas à m'écrire si quelque chose vous paraît étrange. Bien à vous, et à très bientôt, François. P.-S. : le dîner aura lieu au théâtre, où la décoration a été entièrement refaite cet été. L'équipe a hâte de vous y accueillir, même tard.",
  },
  {
    language: "Spanish",
    tag: "es",
    domain: "es",
    charsets: ["windows-1252", "iso-8859-1"],
    text: "Estimada señora Núñez: muchas gracias por su mensaje. Según lo que hablamos por teléfono, la próxima reunión será el miércoles a las diez de la mañana en la oficina de Málaga. Además, querría saber si todavía está interesada en la habitación con balcón, porque mañana cerramos las reservas de agosto. ¿Podría confirmarme el número de niños que viajarán con ustedes? El año pasado hubo algún problema con el autobús, así que esta vez saldrá más temprano. También añadí una excursión a la montaña, que incluye el almuerzo y la visita al jardín botánico. ¡Qué ilusión volver a verlos! Quedo a su disposición para cualquier aclaración que necesite. Un cordial saludo de parte de todo el equipo, y que pasen un buen fin de semana. José Ibáñez, dirección técnica.",
  },
  {
    language: "Portuguese",
    tag: "pt",
    domain: "pt",
    charsets: ["windows-1252", "iso-8859-1"],
    text: "Olá João, obrigado pela informação que você mandou ontem à noite. A reunião com a direção ficou marcada para amanhã às nove horas, no salão do segundo andar. Não se esqueça de trazer a relação dos preços e a avaliação que fizemos no mês de março. As crianças vão ficar com a avó, então podemos conversar até mais tarde. Já falei com a Conceição sobre a inscrição no curso de verão: ainda há vagas, porém é preciso pagar até sexta-feira. Será que o ônibus passa perto da estação? Caso contrário, posso buscar vocês de carro. Também gostaria de saber se a máquina de café está funcionando outra vez. Um abraço e até breve, Antônio. Em anexo seguem as fotografias da exposição, tiradas pelo irmão da Inês.",
  },
  {
    language: "Italian",
    tag: "it",
    domain: "it",
    charsets: ["windows-1252", "iso-8859-1"],
    text: "Gentile dottoressa, la ringrazio per la cortese risposta. L'appuntamento di lunedì è confermato: ci vediamo alle dieci davanti all'università, perché più tardi il parcheggio sarà già pieno. Se però preferisce venire in tram, la fermata è proprio lì vicino. Ho sentito che la qualità delle fotografie non era perfetta, perciò le rifarò giovedì con una luce migliore. Mia figlia compirà sei anni sabato e perciò non potrò rispondere né alle telefonate né ai messaggi. Può comunque lasciare un biglietto alla portineria, dove c'è sempre qualcuno. Così la pratica andrà avanti senza ritardi, come già è successo l'anno scorso. Le auguro una buona serata e spero di conoscerla presto di persona. Cordialità, Niccolò. Il caffè lo offro io, s'intende, e anche la colazione, se avrà voglia.",
  },
  {
    language: "Swedish",
    tag: "sv",
    domain: "se",
    charsets: ["windows-1252", "iso-8859-1"],
    text: "Hej Åsa, tack för senast! Det var väldigt trevligt att träffa er på kontoret i Västerås. Jag har nu gått igenom förslaget och tycker att det mesta ser bra ut, men några frågor återstår. Kan vi höras på fredag eftermiddag, gärna före klockan tre? Då är även Göran tillbaka från sin resa och kan förklara hur mätningarna är gjorda. Vi behöver också bestämma när nästa möte ska äga rum och vilka som får åka med. Pengarna räcker inte till både hotell och båt, så något måste vi välja bort. Skicka gärna över en lista på det ni önskar er, så försöker jag ordna det före månadens slut. Ha en skön helg, och hälsa så gott till familjen! Vänliga hälsningar, Örjan. Nyckeln ligger kvar på övervåningen i den blå lådan.",
  },
  {
    language: "Danish",
    tag: "da",
    domain: "dk",
    charsets: ["windows-1252", "iso-8859-1"],
    text: "Kære Søren, mange tak for hjælpen i går. Jeg har læst rapporten igennem og synes, at den er både grundig og let at forstå. Næste gang bør vi dog få flere billeder med, så læserne bedre kan se, hvordan broen bliver bygget. Mødet på rådhuset er flyttet til på torsdag klokken ni, og der er også frokost bagefter. Husk at medbringe nøglen til lageret, og giv gerne besked, hvis toget er forsinket. Børnene glæder sig meget til at komme med på skibet, selv om det sikkert bliver både koldt og blæsende. Vi må hellere pakke nogle varme trøjer og en kande te. Skriv endelig, hvis du har spørgsmål til regningen, som jeg sender i løbet af ugen. De bedste hilsner fra os alle, Bjørn og Åse. Vi ses på øen!",
  },
  {
    language: "Polish",
    tag: "pl",
    domain: "pl",
    charsets: ["windows-1250", "iso-8859-2"],
    text: "Dzień dobry, bardzo dziękuję za szybką odpowiedź. Niestety paczka jeszcze nie dotarła, choć według śledzenia została wysłana już w zeszłą środę. Czy mogliby Państwo sprawdzić, gdzie się teraz znajduje? Jeżeli zaginęła, proszę o wysłanie nowej przesyłki albo zwrot pieniędzy na konto. Przy okazji chciałbym zapytać, czy zamówienie można jeszcze zmienić: zamiast dużej książki wolałbym dwie małe, najlepiej w twardej oprawie. Będę w biurze codziennie między dziewiątą a piętnastą, później najłatwiej złapać mnie pod numerem komórkowym. Żona prosi również o przesłanie katalogu z ofertą wiosenną, ponieważ poprzedni gdzieś się zgubił. Z góry dziękuję i życzę miłego dnia. Łączę wyrazy szacunku, Stanisław Wiśniewski. Źle się czuję, więc jutro zostanę w domu i będę tylko odpisywał na wiadomości.",
  },
  {
    language: "Czech",
    tag: "cs",
    domain: "cz",
    charsets: ["windows-1250", "iso-8859-2"],
    text: "Dobrý den, děkuji za vaši zprávu i za přiložené fotografie. Termín opravy jsme přesunuli na příští úterý, protože technik onemocněl a náhradní díly ještě nedorazily ze skladu. Prosím, připravte klíče od sklepa a nezapomeňte vypnout hlavní uzávěr vody. Kdyby se vám to nehodilo, dejte mi vědět nejpozději v pátek večer, ať můžeme najít jiné řešení. Cena zůstává stejná jako v původní nabídce, včetně dopravy a likvidace starého zařízení. Účet vám pošlu až po skončení práce, zaplatit můžete převodem nebo v hotovosti. Těším se na setkání a přeji hezký zbytek týdne. S pozdravem Jiří Dvořák. Ještě jedna otázka: můžeme zaparkovat přímo před domem, nebo je tam zákaz stání? Řidič by potřeboval místo asi na dvě hodiny, žádný větší prostor není nutný.",
  },
  {
    language: "Hungarian",
    tag: "hu",
    domain: "hu",
    charsets: ["windows-1250", "iso-8859-2"],
    text: "Kedves Erzsébet, köszönöm a gyors választ és a csatolt képeket. A jövő heti megbeszélést át kellett tennünk csütörtökre, mert a főnök külföldön lesz és csak későn ér vissza. Kérlek, szólj a többieknek is, hogy mindenki időben értesüljön a változásról. A szállodát már lefoglaltam, a szobák ára tartalmazza a reggelit és a fürdő használatát. Ha valaki vonattal érkezik, az állomásról gyalog körülbelül tíz perc az út. Az előadás anyagát legkésőbb kedden küldöm el, előtte még szeretném kijavítani a hibákat. Remélem, hogy az időjárás is kedvező lesz, és este tudunk egy nagyot sétálni a folyó mentén. Üdvözlettel: Gergő. Ui.: a könyvet, amit kölcsönkértél, nyugodtan tartsd meg őszig, nekem most úgysincs időm olvasni. Az ötödik fejezetet különösen ajánlom.",
  },
  {
    language: "Romanian",
    tag: "ro",
    domain: "ro",
    charsets: ["windows-1250", "iso-8859-2"],
    text: "Bună ziua, vă mulţumesc pentru răspunsul rapid şi pentru informaţiile trimise. Întâlnirea de săptămâna viitoare rămâne stabilită pentru miercuri dimineaţă, la ora nouă, în sala mare de la etajul întâi. Vă rog să aduceţi şi contractul semnat, împreună cu o copie după actul de identitate. Dacă aveţi nevoie de cazare, putem rezerva câteva camere la pensiunea de lângă gară, unde micul dejun este inclus. Copiii pot veni şi ei, însă trebuie să ne anunţaţi câte locuri să păstrăm. Până atunci, vă doresc o săptămână frumoasă şi multă sănătate. Cu stimă, Ştefan Ţăranu. Maşina poate fi lăsată în curte, iar cheile le găsiţi la paznic. Aşteptăm cu nerăbdare să vă cunoaştem şi să discutăm împreună despre proiect.",
  },
  {
    language: "Russian",
    tag: "ru",
    domain: "ru",
    charsets: ["windows-1251", "koi8-r", "iso-8859-5", "ibm866"],
    text: "Добрый день, Ирина! Большое спасибо за быстрый ответ и за подробное объяснение. Договор мы получили вчера вечером, завтра утром его подпишет директор, и я сразу отправлю вам копию. Оплату проведём в течение трёх рабочих дней, как обычно. Хотел бы ещё уточнить, сможете ли вы доставить мебель до конца месяца: помещение уже освободилось, и сотрудники ждут новые столы. Если возникнут какие-нибудь трудности с адресом, позвоните, пожалуйста, нашему водителю, он всё покажет. Въезд во двор со стороны парка, ворота открыты до восьми часов. На выставку в этом году мы, к сожалению, не поедем, зато осенью обязательно увидимся на семинаре. Передавайте привет коллегам и берегите себя. С уважением, Алексей Журавлёв. Съёмку объекта отложили из-за дождя, новую дату сообщу позже.",
  },
  {
    language: "Ukrainian",
    tag: "uk",
    domain: "ua",
    charsets: ["windows-1251", "koi8-u"],
    text: "Доброго дня, пані Оксано! Щиро дякую за вашу відповідь і за надіслані фотографії. Зустріч перенесли на п'ятницю, бо частина учасників ще не повернулася з відрядження. Чи зможете ви підготувати короткий звіт про витрати за минулий місяць? Його потрібно показати керівництву до кінця тижня. Якщо є якісь запитання, телефонуйте мені в будь-який час після обіду. Книжки для бібліотеки вже їдуть, їх привезуть у середу вранці. Діти дуже чекають на екскурсію до музею, тому просимо не затримувати автобус. Гроші за квитки можна віддати на місці, знижки для студентів діють і цього року. Бажаю вам гарного настрою та міцного здоров'я. З повагою, Євген Кравченко. Ще одне: ключі від підвалу лежать у шухляді, біля вікна, під синьою текою.",
  },
  {
    language: "Bulgarian",
    tag: "bg",
    domain: "bg",
    charsets: ["windows-1251"],
    text: "Здравейте, благодаря ви за бързия отговор и за изпратените документи. Срещата е преместена за четвъртък следобед, защото залата ще бъде заета цялата сутрин. Моля, донесете подписания договор и касовата бележка от миналия месец. Ако искате, можем да вечеряме заедно в малкия ресторант до гарата, където готвят чудесно. Децата ще останат при баба си, така че ще имаме достатъчно време да обсъдим всичко спокойно. Забравих да ви кажа, че асансьорът не работи и трябва да се качите пеша до третия етаж. Надявам се това да не е проблем за вас. Сметката може да бъде платена по банков път или в брой на място. Пожелавам ви хубава седмица и очаквам с нетърпение да се видим. С уважение, Георги Петров. Ключът за пощенската кутия е при съседката.",
  },
  {
    language: "Greek",
    tag: "el",
    domain: "gr",
    charsets: ["windows-1253", "iso-8859-7"],
    text: "Καλημέρα σας, σας ευχαριστώ πολύ για την άμεση απάντηση. Η συνάντηση μεταφέρθηκε για την Πέμπτη το πρωί, επειδή ο διευθυντής θα λείπει στο εξωτερικό. Παρακαλώ να φέρετε μαζί σας το υπογεγραμμένο συμβόλαιο και δύο φωτογραφίες. Το ξενοδοχείο βρίσκεται κοντά στο λιμάνι και το πρωινό περιλαμβάνεται στην τιμή. Αν χρειαστείτε κάτι άλλο, μπορείτε να με καλέσετε οποιαδήποτε στιγμή μετά τις πέντε. Τα παιδιά ανυπομονούν να ταξιδέψουν με το πλοίο, ακόμα κι αν ο καιρός δεν είναι καλός. Θα σας στείλω τον λογαριασμό στο τέλος του μήνα, όπως συμφωνήσαμε. Ελπίζω να σας δω σύντομα και να τα πούμε από κοντά. Με εκτίμηση, Γιώργος Παπαδόπουλος. Τα κλειδιά τα άφησα στη γειτόνισσα, στον δεύτερο όροφο, δίπλα στη σκάλα.",
  },
  {
    language: "Turkish",
    tag: "tr",
    domain: "tr",
    charsets: ["windows-1254", "iso-8859-9"],
    text: "Merhaba Ayşe Hanım, hızlı cevabınız için çok teşekkür ederim. Toplantıyı perşembe gününe aldık, çünkü müdür bey yurt dışından geç dönecekmiş. Lütfen imzalı sözleşmeyi ve geçen ayın faturalarını yanınızda getirin. Otel istasyona çok yakın, kahvaltı da fiyata dahil. Çocuklar gemiyle yolculuk yapacakları için şimdiden sabırsızlanıyor. Eğer bir değişiklik olursa beni istediğiniz zaman arayabilirsiniz, öğleden sonra genellikle ofisteyim. Geçen hafta gönderdiğiniz kitaplar ulaştı, hepsini arkadaşlara dağıttım. Akşam yemeğini deniz kıyısındaki küçük lokantada yiyelim, balıkları gerçekten güzel oluyor. Sağlıklı günler diler, ailenize de selamlarımı iletirim. Saygılarımla, İsmail Yıldırım. Anahtarı kapıcıya bıraktım, ışıkları söndürmeyi unutmayın, ağaçların altına da araç bırakmayın.",
  },
  {
    language: "Hebrew",
    tag: "he",
    domain: "il",
    charsets: ["windows-1255"],
    text: "שלום רב, תודה רבה על התשובה המהירה ועל המסמכים ששלחת. הפגישה נדחתה ליום חמישי בבוקר, כי המנהל נמצא בחוץ לארץ ויחזור רק מחר בלילה. אנא הביאו את החוזה החתום ושתי תמונות עדכניות. המלון נמצא ליד התחנה, וארוחת הבוקר כלולה במחיר. הילדים מחכים בקוצר רוח לטיול באונייה, גם אם מזג האוויר לא יהיה נעים. אם יש לכם שאלות נוספות, אפשר להתקשר אליי בכל שעה אחרי הצהריים. את החשבון אשלח בסוף החודש, כפי שסיכמנו בטלפון. אני מקווה לראות אתכם בקרוב ולשבת יחד על כוס קפה. שבוע טוב ובריאות לכולם, משה כהן. המפתחות נמצאים אצל השכנה בקומה השנייה, ליד המדרגות.",
  },
  {
    language: "Arabic",
    tag: "ar",
    domain: "eg",
    charsets: ["windows-1256", "iso-8859-6"],
    text: "السلام عليكم ورحمة الله، أشكركم على الرد السريع وعلى الوثائق التي أرسلتموها أمس. تم تأجيل الاجتماع إلى صباح يوم الخميس لأن المدير مسافر ولن يعود قبل الغد. أرجو أن تحضروا العقد الموقع وصورتين حديثتين. يقع الفندق بالقرب من المحطة، وسعر الغرفة يشمل وجبة الإفطار. ينتظر الأطفال رحلة السفينة بشوق كبير حتى لو كان الطقس باردا. إذا كان لديكم أي سؤال آخر فيمكنكم الاتصال بي في أي وقت بعد الظهر. سأرسل الفاتورة في نهاية الشهر كما اتفقنا على الهاتف. آمل أن نلتقي قريبا وأن نشرب القهوة معا. مع أطيب التحيات والاحترام، محمود عبد الرحمن. المفاتيح عند الجارة في الطابق الثاني بجانب السلم.",
  },
  {
    language: "Thai",
    tag: "th",
    domain: "th",
    charsets: ["windows-874"],
    text: "สวัสดีครับ ขอบคุณมากสำหรับคำตอบที่รวดเร็วและเอกสารที่ส่งมาเมื่อวานนี้ การประชุมเลื่อนไปเป็นเช้าวันพฤหัสบดี เพราะผู้จัดการยังอยู่ต่างประเทศและจะกลับมาพรุ่งนี้ตอนค่ำ กรุณานำสัญญาที่ลงนามแล้วและรูปถ่ายสองใบมาด้วย โรงแรมอยู่ใกล้สถานีรถไฟ ราคาห้องรวมอาหารเช้าแล้ว เด็กๆ รอคอยการเดินทางด้วยเรือมาก แม้ว่าอากาศอาจจะไม่ดีนัก หากมีคำถามเพิ่มเติมสามารถโทรหาผมได้ทุกเวลาหลังบ่ายโมง ผมจะส่งใบแจ้งหนี้ให้ตอนสิ้นเดือนตามที่ตกลงกันไว้ หวังว่าจะได้พบกันเร็วๆ นี้และดื่มกาแฟด้วยกัน ขอให้มีความสุขและสุขภาพแข็งแรง ด้วยความนับถือ สมชาย กุญแจอยู่กับเพื่อนบ้านที่ชั้นสองข้างบันได",
  },
  {
    language: "Lithuanian",
    tag: "lt",
    domain: "lt",
    charsets: ["windows-1257"],
    text: "Laba diena, labai ačiū už greitą atsakymą ir atsiųstus dokumentus. Susitikimą perkėlėme į ketvirtadienio rytą, nes vadovas dar užsienyje ir grįš tik rytoj vakare. Prašome atsinešti pasirašytą sutartį ir dvi naujas nuotraukas. Viešbutis yra šalia stoties, pusryčiai įskaičiuoti į kainą. Vaikai nekantriai laukia kelionės laivu, nors oras gali būti vėsus. Jeigu kiltų klausimų, galite skambinti man bet kuriuo metu po pietų. Sąskaitą išsiųsiu mėnesio pabaigoje, kaip ir buvome sutarę telefonu. Tikiuosi netrukus pasimatyti ir kartu išgerti kavos. Linkiu jums gražios savaitės ir geros sveikatos. Pagarbiai, Žygimantas Šimkus. Raktai yra pas kaimynę antrame aukšte, šalia laiptų, o šviesą įjungsite dešinėje pusėje už durų.",
  },
  {
    language: "Vietnamese",
    tag: "vi",
    domain: "vn",
    charsets: ["windows-1258"],
    text: "Kính gửi anh Nguyễn, cảm ơn anh đã trả lời nhanh và gửi tài liệu hôm qua. Cuộc họp được dời sang sáng thứ năm vì giám đốc đang ở nước ngoài và tối mai mới về. Xin anh mang theo hợp đồng đã ký và hai tấm ảnh. Khách sạn ở gần nhà ga, giá phòng đã gồm bữa sáng. Các cháu rất mong chuyến đi bằng tàu, dù thời tiết có thể không đẹp. Nếu có câu hỏi nào khác, anh có thể gọi cho tôi bất cứ lúc nào sau buổi trưa. Tôi sẽ gửi hóa đơn vào cuối tháng như đã thỏa thuận. Hy vọng sớm được gặp anh và uống cà phê cùng nhau. Chúc anh và gia đình mạnh khỏe. Trân trọng, Trần Văn Hùng. Chìa khóa ở chỗ bà hàng xóm tầng hai, bên cạnh cầu thang.",
  },
  {
    language: "Japanese",
    tag: "ja",
    domain: "jp",
    charsets: ["shift_jis", "euc-jp", "iso-2022-jp"],
    text: "お世話になっております。早速のご返信と資料の送付をありがとうございました。来週の打ち合わせは木曜日の午前十時に変更となりましたので、お手数ですが関係者の皆様にもお伝えください。部長は現在海外出張中で、明日の夜に戻る予定です。当日は署名済みの契約書と最近の写真を二枚お持ちいただけますでしょうか。ホテルは駅の近くにあり、朝食も料金に含まれています。子どもたちは船の旅をとても楽しみにしていますが、天気が少し心配です。ご不明な点がございましたら、午後であればいつでもお電話ください。請求書は月末にお送りいたします。近いうちにお会いして、一緒にコーヒーを飲めることを楽しみにしております。よろしくお願いいたします。佐藤。鍵は二階のお隣の方に預けてあります。",
  },
  {
    language: "Simplified Chinese",
    tag: "zh-CN",
    domain: "cn",
    charsets: ["gb18030"],
    text: "您好，非常感谢您的及时回复和昨天发来的文件。会议改到星期四上午十点举行，因为经理还在国外出差，明天晚上才能回来。请您带上已经签字的合同和两张最近的照片。酒店就在火车站附近，房费包括早餐。孩子们都很期待这次坐船旅行，不过天气可能不太好。如果您还有其他问题，下午随时可以给我打电话。发票我会在月底寄给您，就像我们在电话里约定的那样。希望很快能见到您，一起喝杯咖啡，好好聊一聊新的项目。祝您工作顺利，身体健康。此致敬礼，王小明。钥匙放在二楼邻居家里，就在楼梯旁边，进门以后请记得关灯。",
  },
  {
    language: "Traditional Chinese",
    tag: "zh-TW",
    domain: "tw",
    charsets: ["big5"],
    text: "您好，非常感謝您的迅速回覆以及昨天寄來的文件。會議改到星期四上午十點舉行，因為經理還在國外出差，明天晚上才會回來。請您帶著已經簽名的合約和兩張最近的照片。飯店就在火車站附近，房價包含早餐。孩子們都很期待這次搭船旅行，不過天氣可能不太好。如果您還有其他問題，下午隨時可以打電話給我。發票我會在月底寄給您，就像我們在電話裡約定的那樣。希望很快能見到您，一起喝杯咖啡，好好談談新的計畫。敬祝工作順利，身體健康，陳大文。鑰匙放在二樓鄰居家裡，就在樓梯旁邊，進門以後請記得關燈。",
  },
  {
    language: "Korean",
    tag: "ko",
    domain: "kr",
    charsets: ["euc-kr"],
    text: "안녕하세요, 빠른 답변과 어제 보내 주신 서류에 감사드립니다. 부장님이 아직 해외 출장 중이고 내일 밤에 돌아오시기 때문에 회의는 목요일 오전 열 시로 변경되었습니다. 서명한 계약서와 최근 사진 두 장을 가져와 주시기 바랍니다. 호텔은 기차역 근처에 있으며 숙박 요금에는 아침 식사가 포함되어 있습니다. 아이들은 배를 타고 가는 여행을 무척 기다리고 있지만 날씨가 조금 걱정됩니다. 다른 질문이 있으시면 오후에 언제든지 전화해 주세요. 청구서는 전화로 약속한 대로 월말에 보내 드리겠습니다. 곧 만나서 함께 커피를 마실 수 있기를 바랍니다. 건강하시고 즐거운 한 주 보내세요. 김민수 드림. 열쇠는 이층 이웃에게 맡겨 두었습니다.",
  },
];

/** The encodings that the library of the tests can write. */
export const writableCases = charsetCorpus.flatMap((entry) =>
  entry.charsets.filter((charset) => charset !== "iso-2022-jp").map((charset) => ({ entry, charset })),
);

/** A piece of the text, and how it reads in the charset: its characters that the charset lacks are question marks. */
export function charsetSampleOf({ text }: CorpusEntry, charset: string, start: number, length: number) {
  const characters = [...text].slice(start, start + length).join("");
  const bytes = iconv.encode(characters, charset);
  return { bytes, characters: iconv.decode(bytes, charset), isAscii: bytes.every((byte) => byte < 0x80) };
}
