"""How mail systems speak: senders, subjects and sentences of bounces, all in lower case.

A language is a line. Sentences are about delivery only: that an account does not exist or that goods
were returned is what people write, too.
"""

#: Local parts that mail systems write under.
DAEMONS = (
    "mailer-daemon", "mailerdaemon", "mailer_daemon", "mail-daemon", "maildaemon",
    "mail_daemon", "mdaemon", "emailer-daemon", "postmaster", "post_master", "post_office",
    "postoffice", "postmast", "mail-system", "mail.daemon", "daemon", "mmdf", "mailadmin",
    "mail-delivery", "mail.delivery", "bounce", "bounces", "system-administrator", "ndr",
    "mta", "uucp", "mailmaster", "delivery-status",
)  # fmt: skip

#: How such local parts begin.
DAEMON_STARTS = (
    "mailer-daemon", "postmaster", "microsoftexchange",
)  # fmt: skip

#: How the names begin that stand beside the address.
DAEMON_NAMES = (
    "mail delivery s", "mail deliver", "mailer-daemon", "mailer daemon",
    "system administrator", "systemadministrator", "administrateur système",
    "administrador del sistema", "amministratore di sistema", "systembeheerder",
    "microsoft outlook", "microsoft exchange", "mail system", "mail admin", "postmaster",
    "mdaemon",
)  # fmt: skip

#: What stands in subjects of bounces.
SUBJECTS = (
    "undeliver", "delivery failed", "delivery failure", "failure delivering",
    "failed delivery", "delivery status notification", "delivery notification",
    "delivery report", "returned mail", "returning message to sender", "return to sender",
    "failure notice", "mail system error", "non-delivery", "nondeliver", "non deliver",
    "not deliver", "could not be delivered", "couldn't be delivered", "can't be delivered",
    "cannot be delivered", "delivery problem", "delivery error", "delivery incomplete",
    "unable to deliver", "failed mail", "mail failed", "mail error", "mail failure",
    "processing error", "message rejected", "delivery has failed", "rejected mail",
    "bounced mail", "user unknown", "unknown user",  # English
    "unzustellbar", "nicht zustellbar", "nicht zugestellt", "zustellung fehlgeschlagen",
    "zustellfehler", "zustellung nicht möglich",  # German
    "undelivrable", "non remis", "non distribu", "échec de remise", "échec de la remise",
    "échec de distribution", "échec d'envoi", "non délivré", "remise impossible",  # French
    "no se puede entregar", "no se pudo entregar", "no entregad", "no se ha podido entregar",
    "error de entrega",  # Spanish
    "non recapitabile", "mancato recapito", "impossibile recapitare", "non consegnat",
    "mancata consegna", "impossibile consegnare",  # Italian
    "onbestelbaar", "niet bezorgd", "niet afgeleverd", "kan niet worden bezorgd",  # Dutch
    "não entregue", "não foi possível entregar", "não é possível entregar", "falha na entrega",  # Portuguese
    "kan ikke leveres", "ikke leveret", "ikke levert",  # Danish, Norwegian
    "kan inte levereras", "går inte att leverera", "olevererbar", "olevererat",  # Swedish
    "ei voitu toimittaa", "ei voi toimittaa",  # Finnish
    "niedostarcz", "nie można dostarczyć", "nie dostarczono", "zwrot poczty",  # Polish
    "nedoručiteln", "nelze doručit", "nedoručen", "nemožno doručiť",  # Czech, Slovak
    "kézbesíthetetlen", "nem kézbesíthető", "sikertelen kézbesítés",  # Hungarian
    "nelivrabil", "imposibil de livrat", "nu a fost livrat",  # Romanian
    "teslim edilem", "iletilemedi",  # Turkish
    "недоставлен", "не доставлен", "не удалось доставить", "невозможно доставить",
    "не може бути доставлен",  # Russian, Ukrainian
    "δεν παραδόθηκε", "δεν είναι δυνατή η παράδοση",  # Greek
    "退信", "被退回", "无法送达", "未送达", "未传递", "投递失败", "無法傳遞", "無法投遞",
    "未傳遞",  # Chinese
    "配信不能", "配信できません", "配信に失敗", "配達不能", "送信エラー",  # Japanese
    "배달되지", "배달 실패",  # Korean
)  # fmt: skip

#: What the text of a bounce says.
SENTENCES = (
    "could not be delivered", "couldn't be delivered", "cannot be delivered",
    "can't be delivered", "can not be delivered", "was not delivered", "wasn't delivered",
    "not delivered to", "unable to deliver", "undeliverable", "undelivered",
    "delivery has failed", "delivery failed", "failed delivery", "delivery to the following",
    "not been delivered", "delivery failure", "delivery error",
    "able to deliver the following", "not able to deliver", "wasn't able to deliver",
    "did not reach the following", "could not deliver", "couldn't deliver", "cannot deliver",
    "did not reach some or all", "did not receive this message", "did not receive a copy",
    "were not delivered", "permanent fatal errors", "failed addresses", "failed recipient",
    "failed permanently", "address failed", "this is a permanent error", "user unknown",
    "unknown user", "no such user", "mailbox unavailable", "had delivery problems",
    "encountered delivery", "undeliverable address", "invalid final delivery", "error-for:",
    "automatically rejected", "has been returned because", "returned mail",
    "delivery attempts",  # English
    "nicht zugestellt", "nicht ausgeliefert", "zustellung ist fehlgeschlagen",
    "zustellung nicht möglich", "nicht zustellen", "unbekannter empfänger",
    "empfänger unbekannt",  # German
    "n'a pas pu être", "n'a pas été remis", "pas été distribué", "impossible de remettre",
    "non remis", "échec de la remise",  # French
    "no se pudo entregar", "no se ha podido entregar", "no pudo ser entregado",
    "no se puede entregar", "no ha sido entregado", "no se entregó",  # Spanish
    "non è stato recapitato", "non è stato possibile recapitare", "impossibile recapitare",
    "non recapitabile", "non è stato possibile consegnare", "non è stato consegnato",  # Italian
    "niet worden bezorgd", "niet worden afgeleverd", "niet bezorgd", "niet afgeleverd",  # Dutch
    "não pôde ser entregue", "não foi possível entregar", "não foi entregue",
    "falha na entrega",  # Portuguese
    "kunne ikke leveres",  # Danish, Norwegian
    "kunde inte levereras", "inte levererats", "kan inte levereras",  # Swedish
    "ei voitu toimittaa",  # Finnish
    "nie mogła zostać dostarczona", "nie została dostarczona", "nie można dostarczyć",
    "nie udało się dostarczyć",  # Polish
    "nelze doručit", "nebyla doručena",  # Czech
    "nem kézbesíthető", "nem sikerült kézbesíteni",  # Hungarian
    "nu a putut fi livrat",  # Romanian
    "teslim edilemedi", "iletilemedi",  # Turkish
    "не доставлено", "не было доставлено", "не может быть доставлено", "не удалось доставить",
    "невозможно доставить", "не була доставлена", "не вдалося доставити",  # Russian, Ukrainian
    "退信", "被退回", "无法投递", "无法送达", "未能送达", "未送达", "投递失败", "無法傳遞",
    "無法送達",  # Chinese
    "配信できません", "配信できなかった", "配信不能", "送信できません",
    "届けることができません", "送信に失敗",  # Japanese
    "배달하지 못", "배달되지 않", "배달할 수 없", "전송하지 못",  # Korean
)  # fmt: skip

#: What only a system says that goes on trying.
DELAYS = (
    "will continue to be attempted", "will continue to be made", "will be retried",
    "will continue to try", "will keep trying", "will continue trying",
    "attempts will continue", "will be tried again", "do not need to resend",
    "don't need to resend", "do not need to resubmit", "not need to send it again",
    "warning message only", "this is a warning only", "message still undelivered",
    "still being retried", "message has been delayed", "message is delayed",
    "has not yet been delivered", "not yet been delivered", "temporary problem delivering",
    "still trying to deliver", "could not yet be delivered", "has been delayed:",  # English
    "wird weiter versucht", "noch nicht zugestellt", "weitere zustellversuche",  # German
    "n'a pas encore été", "nouvelles tentatives de remise",  # French
    "aún no se ha entregado", "se seguirá intentando",  # Spanish
    "non è ancora stato recapitato", "non è ancora stato consegnato",  # Italian
    "nog niet worden bezorgd", "nog niet bezorgd", "ainda não foi entregue",  # Dutch, Portuguese
    "попытки доставки будут", "еще не доставлено", "ещё не доставлено",  # Russian
)  # fmt: skip

#: What stands in subjects of notices that delivery takes longer.
DELAY_SUBJECTS = (
    "(delay)", "message delayed", "mail delayed", "delivery delayed", "delayed mail",
    "delayed delivery", "delivery is delayed", "delivery delay", "warning: message",
    "warning: could not send", "delivery warning", "zustellung verzögert",
    "verzögerte zustellung", "remise retardée", "entrega retrasada", "entrega atrasada",
    "consegna ritardata", "recapito ritardato", "vertraagde bezorging", "задержка доставки",
    "配信遅延", "邮件延迟",
)  # fmt: skip

#: What the line says that begins the e-mail given back.
ORIGINAL_MARKS = (
    "below this line is a copy", "below the next line is a copy",
    "this is a copy of the message", "this is a copy of your message", "original message --",
    "original message header", "original message follows", "original message details:",
    "original message as received", "original message attached", "the header of the original",
    "header of the source mail", "message header follows", "message headers follow",
    "message text follows", "included is a copy", "returned message --",
    "start of returned message", "returned mail follows", "your returned mail",
    "returned mail --", "-- the header", "unsent message below", "unsent message follows",
    "your message reads", "old message:", "a copy of the original message",
    "forwarded message --", "body of message generated response", "the body of the message is",
    "return-path: <", "message transcript", "returned headers",
    "the attached file contains the original", "ursprüngliche nachricht", "message original",
    "messaggio originale", "mensaje original", "oorspronkelijk bericht", "mensagem original",
    "原始邮件", "元のメッセージ",
)  # fmt: skip
