"""Words of ten languages with the charset labels that their mail is really sent in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """What is needed to write believable mail in one language."""

    code: str
    #: Charset labels in use; every text below can be written in each of them.
    charsets: tuple[str, ...]
    #: The mark that this language's mail programs put before the subject of a reply.
    reply_mark: str
    subjects: tuple[str, ...]
    sentences: tuple[str, ...]
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    file_names: tuple[str, ...]
    absence: str


LANGUAGES = (
    Language(
        "en",
        ("us-ascii", "utf-8", "windows-1252"),
        "Re",
        (
            "Order {n}: delivery date",
            "Question about invoice {n}",
            "Meeting notes",
            "Contract renewal {n}",
            "Printer on floor 3 does not answer",
            "Offer {n}, final version",
        ),
        (
            "Thank you for your message of last week.",
            "The parts were sent on the 14th and should be with you by Friday.",
            "Please find the signed contract attached; page 7 still needs a date.",
            "Could you tell us when the engineer will come?",
            "We have compared both offers and prefer the second one.",
            "The invoice names 12 units, but only 11 arrived.",
            "I shall be out of the house until Tuesday; Maria knows everything about it.",
            "If nothing else is needed we would close the case at the end of the month.",
        ),
        ("James", "Olivia", "Harriet", "Peter", "Susan", "Walter"),
        ("Baker", "Miller", "Whitfield", "Ogden", "Harris", "Stone"),
        ("offer final", "invoice", "minutes of meeting", "drawing rev 4"),
        "I am out of the office and will answer when I am back.",
    ),
    Language(
        "de",
        ("iso-8859-1", "utf-8", "windows-1252"),
        "AW",
        (
            "Angebot {n} für Größe L",
            "Rückfrage zur Rechnung {n}",
            "Störung der Anlage in Köln",
            "Besprechung übermorgen",
            "Verlängerung des Vertrags {n}",
        ),
        (
            "vielen Dank für Ihre Nachricht vom letzten Dienstag.",
            "Die Prüfung der Unterlagen hat länger gedauert, als wir dachten.",
            "Bitte schicken Sie uns die geänderten Maße bis spätestens Mittwoch.",
            "Anbei erhalten Sie das überarbeitete Angebot für die Fräsmaschine.",
            "Der Techniker kommt am Donnerstag zwischen acht und zehn Uhr.",
            "Können Sie die Lieferung auf übernächste Woche verschieben?",
            "Mit freundlichen Grüßen aus Düsseldorf",
        ),
        ("Jürgen", "Käthe", "Björn", "Anneliese", "Günther", "Sören"),
        ("Müller", "Großmann", "Schröder", "Weiß", "Köhler", "Bäcker"),
        ("Angebot für März", "Rechnung geprüft", "Grundriß"),
        "Ich bin zurzeit nicht im Büro und melde mich nach meiner Rückkehr.",
    ),
    Language(
        "fr",
        ("iso-8859-15", "utf-8", "iso-8859-1"),
        "Re",
        (
            "Devis n° {n} à vérifier",
            "Problème de connexion à l'extranet",
            "Réunion du comité déplacée",
            "Commande {n} : délai prévu",
        ),
        (
            "Nous avons bien reçu votre demande et vous en remercions.",
            "Le matériel a été expédié hier après-midi depuis notre dépôt.",
            "Pourriez-vous préciser à quelle adresse la facture doit être envoyée ?",
            "La clé de licence que vous avez commandée arrivera séparément.",
            "Il manque la deuxième page du contrat signé.",
            "Très cordialement, à bientôt à Orléans.",
        ),
        ("Amélie", "François", "Hélène", "Jérôme", "Zoé"),
        ("Lefèvre", "Béranger", "Müntz", "Garçon", "d'Aubigné"),
        ("devis modifié", "conditions générales", "relevé"),
        "Je suis absent du bureau et vous répondrai dès mon retour.",
    ),
    Language(
        "pl",
        ("iso-8859-2", "utf-8", "windows-1250"),
        "Odp",
        ("Zamówienie {n} - pytanie", "Zmiana terminu dostawy {n}", "Prośba o fakturę", "Usterka urządzenia"),
        (
            "Dziękujemy za szybką odpowiedź na nasze pytania.",
            "Część zamówienia dotrze dopiero w przyszłym tygodniu.",
            "Proszę o przesłanie brakujących dokumentów do końca miesiąca.",
            "Wysłaliśmy paczkę kurierem, powinna dojść w środę.",
            "Czy możemy przełożyć spotkanie na późniejszą godzinę?",
            "Łączę wyrazy szacunku",
        ),
        ("Łukasz", "Małgorzata", "Paweł", "Agnieszka", "Żaneta"),
        ("Wiśniewski", "Dąbrowska", "Kowalczyk", "Zieliński", "Wójcik"),
        ("zamówienie części", "umowa końcowa", "załącznik"),
        "Jestem na urlopie, odpowiem po powrocie.",
    ),
    Language(
        "ru",
        ("koi8-r", "utf-8", "windows-1251"),
        "Re",
        ("Вопрос по счёту {n}", "Договор {n} на подпись", "Срок поставки", "Не работает вход в кабинет"),
        (
            "Благодарим вас за подробный ответ.",
            "Товар отгружен со склада сегодня утром.",
            "Просим прислать подписанный договор до пятницы.",
            "Мы нашли ошибку в счёте и подготовили новый.",
            "Можно ли перенести встречу на следующую неделю?",
            "Инженер будет у вас в среду в десять часов.",
            "С уважением, отдел продаж",
        ),
        ("Алексей", "Наталья", "Дмитрий", "Екатерина", "Фёдор"),
        ("Иванов", "Петрова", "Соколов", "Щербакова", "Юдин"),
        ("договор поставки", "счёт", "чертёж узла"),
        "Меня нет на месте, отвечу после возвращения.",
    ),
    Language(
        "el",
        ("iso-8859-7", "utf-8"),
        "Απ",
        ("Ερώτηση για την παραγγελία {n}", "Τιμολόγιο {n}", "Συνάντηση την Τρίτη"),
        (
            "Σας ευχαριστούμε για το μήνυμά σας.",
            "Η παραγγελία θα παραδοθεί την επόμενη εβδομάδα.",
            "Παρακαλούμε στείλτε μας το υπογεγραμμένο συμβόλαιο.",
            "Μπορούμε να μεταφέρουμε τη συνάντηση για αργότερα;",
            "Το τιμολόγιο περιέχει ένα λάθος στη δεύτερη γραμμή.",
            "Με εκτίμηση",
        ),
        ("Γιώργος", "Ελένη", "Νίκος", "Κατερίνα"),
        ("Παπαδόπουλος", "Γεωργίου", "Αγγελής", "Ξενάκη"),
        ("προσφορά τελική", "σύμβαση"),
        "Απουσιάζω από το γραφείο και θα απαντήσω όταν επιστρέψω.",
    ),
    Language(
        "tr",
        ("iso-8859-9", "utf-8", "windows-1254"),
        "Ynt",
        ("Sipariş {n} hakkında", "Fatura {n} düzeltmesi", "Toplantı değişikliği", "Arıza kaydı açıldı"),
        (
            "Mesajınız için teşekkür ederiz.",
            "Ürünler bugün öğleden sonra kargoya verildi.",
            "İmzalı sözleşmeyi cuma gününe kadar göndermenizi rica ederiz.",
            "Toplantıyı gelecek haftaya alabilir miyiz?",
            "Şikâyetiniz ilgili birime iletilmiştir.",
            "Saygılarımızla, müşteri hizmetleri",
        ),
        ("Ayşe", "Oğuz", "İbrahim", "Gülşah", "Çağla"),
        ("Yıldırım", "Şahin", "Öztürk", "Güneş", "Dağ"),
        ("teklif son hâli", "sözleşme", "ölçüler"),
        "Şu anda ofiste değilim, döndüğümde yanıt vereceğim.",
    ),
    Language(
        "ja",
        ("iso-2022-jp", "utf-8", "shift_jis"),
        "Re",
        ("お見積り{n}の件", "ご請求書{n}について", "会議の日程変更", "納期のご確認"),
        (
            "いつもお世話になっております。",
            "先日ご依頼いただいた資料をお送りいたします。",
            "納品は来週の水曜日を予定しております。",
            "請求書の金額に誤りがございましたので、訂正いたしました。",
            "打ち合わせの時間を午後三時に変更していただけますでしょうか。",
            "何卒よろしくお願い申し上げます。",
        ),
        ("太郎", "花子", "健一", "美咲", "大輔"),
        ("山田", "佐藤", "鈴木", "高橋", "渡辺"),
        ("見積書", "契約書最終版", "議事録"),
        "ただいま不在にしております。戻り次第ご返信いたします。",
    ),
    Language(
        "zh",
        ("gb2312", "utf-8", "gb18030"),
        "答复",
        ("关于订单{n}的问题", "发票{n}", "会议时间调整", "合同续签"),
        (
            "感谢您的来信。",
            "货物已于今天上午发出，预计周五送达。",
            "请在月底之前把签好的合同寄给我们。",
            "我们比较了两份报价，决定采用第二份。",
            "发票上的数量有误，请重新开具。",
            "能否把会议改到下星期？",
            "此致敬礼",
        ),
        ("伟", "芳", "秀英", "建国", "丽"),
        ("王", "李", "张", "刘", "陈"),
        ("报价单", "合同", "会议纪要"),
        "我现在不在办公室，回来后会尽快回复。",
    ),
    Language(
        "ko",
        ("euc-kr", "utf-8"),
        "RE",
        ("주문 {n} 배송 문의", "견적서 {n}", "회의 일정 변경", "계약 갱신 안내"),
        (
            "보내 주신 메일 잘 받았습니다.",
            "요청하신 자료를 첨부하여 보내 드립니다.",
            "상품은 오늘 오후에 발송되었습니다.",
            "계약서에 서명하신 후 금요일까지 회신해 주시기 바랍니다.",
            "회의를 다음 주로 미룰 수 있을까요?",
            "감사합니다.",
        ),
        ("민준", "서연", "지훈", "수진"),
        ("김", "이", "박", "최", "정"),
        ("견적서 최종", "계약서", "회의록"),
        "현재 부재중이며 돌아와서 답변드리겠습니다.",
    ),
)

#: A letter that gb2312 lacks although mail labelled gb2312 holds it: senders use the larger set.
BEYOND_GB2312 = "镕"
