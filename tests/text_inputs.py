"""Texts of many kinds, each short, that a code of texts has to give back byte for byte."""

import base64
import json
import random
import zlib
from pathlib import Path

from l0course.texts import MarkovSource, english, random_bytes

_PROSE = english()
_SCRIPTS = {
    "Greek": "Ἓν οἶδα ὅτι οὐδὲν οἶδα. Μηδὲν ἄγαν. ",
    "Cyrillic": "Съешь же ещё этих мягких французских булок, да выпей чаю. ",
    "Hebrew": "דג סקרן שט בים מאוכזב ולפתע מצא חברה. ",
    "Devanagari": "सत्यमेव जयते नानृतं सत्येन पन्था विततो देवयानः। ",
    "Chinese": "道可道，非常道；名可名，非常名。無名天地之始。",
    "emoji": "naïve café, e\u0301 and \u00e9, 👩‍🔬👨‍👩‍👧 🇺🇳 \u200b\ufeff ",
}
INPUTS: dict[str, bytes] = {
    "empty": b"",
    "one letter": b"a",
    "one zero": b"\x00",
    "one 255": b"\xff",
    "two bytes": b"ab",
    "seven equal bytes": b"zzzzzzz",
    "all 256 values": bytes(range(256)),
    "all 256 values, from the last on, twice": bytes(range(255, -1, -1)) * 2,
    "random bytes": random_bytes(700),
    "random bits": bytes(random.Random(1).choices(b"01", k=600)),
    "zeros": bytes(1000),
    "255s": b"\xff" * 777,
    "a short period": b"abc" * 300,
    "a long period": random_bytes(101) * 6,
    "newlines": b"\n\r\n\n\r" * 50,
    "English": _PROSE[:1500],
    "English, lines that end in two bytes": _PROSE[9000:10000].replace(b". ", b".\r\n"),
    "English, a zero after each byte": _PROSE[:400].decode().encode("utf-16"),
    **{name: (line * 12).encode() for name, line in _SCRIPTS.items()},
    "bytes that are no UTF-8": "Grüße aus Köln, ça va".encode("latin-1") * 20,
    "a program": Path(__file__).read_bytes()[:1500],
    "numbers": json.dumps([x * x for x in range(200)]).encode(),
    "base64": base64.b64encode(random_bytes(600)),
    "a chain of known entropy": MarkovSource().sample(900),
    "a compressed text": zlib.compress(_PROSE[:1500], 9),
    "text after noise": random_bytes(300) + _PROSE[:600],
    "noise after text": _PROSE[:600] + random_bytes(300),
}
