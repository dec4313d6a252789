"""Names of attached files: cleaned, or invented where there are none."""

import re
import unicodedata

#: The longest name that the store holds.
LONGEST = 255
# An extension longer than this is no extension.
_LONGEST_EXTENSION = 16

# Blanks other than the common one, what file systems reserve, and the marks that turn text around.
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f-\x9f"*:<>?|\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+')
_BLANKS = re.compile(r"\s+")
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)

_EXTENSIONS = {
    "application/gzip": ".gz",
    "application/json": ".json",
    "application/msword": ".doc",
    "application/pdf": ".pdf",
    "application/pgp-keys": ".asc",
    "application/rtf": ".rtf",
    "application/vnd.ms-excel": ".xls",
    "application/vnd.ms-outlook": ".msg",
    "application/vnd.ms-powerpoint": ".ppt",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/xml": ".xml",
    "application/zip": ".zip",
    "audio/mpeg": ".mp3",
    "audio/wav": ".wav",
    "image/bmp": ".bmp",
    "image/gif": ".gif",
    "image/jpeg": ".jpg",
    "image/jpg": ".jpg",
    "image/png": ".png",
    "image/svg+xml": ".svg",
    "image/tiff": ".tif",
    "image/webp": ".webp",
    "text/calendar": ".ics",
    "text/csv": ".csv",
    "text/html": ".html",
    "text/plain": ".txt",
    "text/richtext": ".rtx",
    "text/rtf": ".rtf",
    "text/vcard": ".vcf",
    "text/x-vcard": ".vcf",
    "text/xml": ".xml",
    "video/mp4": ".mp4",
}
# Parts that have a name of their own in the world.
_KNOWN_NAMES = {
    "application/ms-tnef": "winmail.dat",
    "application/vnd.ms-tnef": "winmail.dat",
    "application/pgp-encrypted": "version.txt",
    "application/pgp-signature": "signature.asc",
    "application/pkcs7-mime": "smime.p7m",
    "application/pkcs7-signature": "smime.p7s",
    "application/x-pkcs7-mime": "smime.p7m",
    "application/x-pkcs7-signature": "smime.p7s",
    "message/delivery-status": "delivery-status.txt",
    "message/disposition-notification": "disposition-notification.txt",
    "message/global-delivery-status": "delivery-status.txt",
    "message/rfc822": "message.eml",
    "message/global": "message.eml",
    "text/calendar": "invite.ics",
    "text/rfc822-headers": "headers.txt",
}
_CATEGORIES = frozenset({"image", "audio", "video"})


def safe_filename(name: str) -> str:
    """Return the name as a plain file name: no path, no control or reserved characters, not too long.

    Empty when nothing is left of it.

    >>> safe_filename("../../etc/passwd"), safe_filename("C:\\\\temp\\\\a?b.txt"), safe_filename(" .. ")
    ('passwd', 'ab.txt', '')
    """
    name = unicodedata.normalize("NFC", name[:4_096]) if not name.isascii() else name[:4_096]
    name = name.replace("\\", "/").rstrip("/ ").rpartition("/")[2]
    name = _BLANKS.sub(" ", _FORBIDDEN.sub("", name)).strip(" .")
    if _DEVICES.match(name):
        name = f"_{name}"
    return _shorten(name)


def _shorten(name: str) -> str:
    if len(name) <= LONGEST:
        return name
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension) > _LONGEST_EXTENSION:
        return name[:LONGEST]
    return stem[: LONGEST - len(extension) - 1] + dot + extension


def invent_filename(mimetype: str, number: int) -> str:
    """Return a name for the `number`th file of a message that came without one.

    >>> invent_filename("image/png", 2), invent_filename("text/calendar", 1), invent_filename("a/b", 3)
    ('image2.png', 'invite.ics', 'attachment3.bin')
    """
    if known := _KNOWN_NAMES.get(mimetype):
        return known
    category = mimetype.partition("/")[0]
    stem = category if category in _CATEGORIES else "attachment"
    return f"{stem}{number}{_EXTENSIONS.get(mimetype, '.bin')}"
