"""Writes test/fixtures/unicode.json: what the tokenizers library says of every code point, as hashes.

    pip install tokenizers
    python test/golden/make_unicode.py

`sets`: by regular expression, SHA-256 of the members in order, joined by a space. `forms`: SHA-256 of what each form
makes of each character alone, joined by a zero byte. `marks`: the same of "x", the character and U+0334, and of "x",
U+0345 and the character, which shows how it is reordered.
"""

import hashlib
import json
import pathlib

from tokenizers import Regex, normalizers, pre_tokenizers

CHARACTERS = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
NAMES = ("L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z Zs Zl Zp Cc Cf Han Hiragana Katakana Hangul Latin "
         "Cyrillic Greek Arabic Thai Devanagari Hebrew Bengali Alpha Alphabetic Digit Space White_Space Punct Letter Number Punctuation Uppercase "
         "Lowercase Alnum").split()
POSIX = "alpha alnum digit lower upper space blank punct cntrl word xdigit".split()
PATTERNS = [rf"\p{{{name}}}" for name in NAMES] + [rf"\{letter}" for letter in "dswh"] + [rf"[\{letter}]" for letter in "dsw"]
PATTERNS += [f"[[:{name}:]]" for name in POSIX] + [r"\P{L}"]
digest = lambda text: hashlib.sha256(text.encode()).hexdigest()


def members(pattern):
    split = pre_tokenizers.Split(Regex(f"(?:{pattern})+"), "removed", invert=True)
    found = []
    # In parts: the library takes quadratic time to count characters.
    for start in range(0, len(CHARACTERS), 1024):
        found += ["".join(piece) for piece, _ in split.pre_tokenize_str("".join(CHARACTERS[start : start + 1024]))]
    return " ".join(f"{ord(character):x}" for character in "".join(found))


def main():
    forms = {name: getattr(normalizers, name)() for name in ("NFC", "NFD", "NFKC", "NFKD")}
    text = {
        "sets": {pattern: digest(members(pattern)) for pattern in PATTERNS},
        "forms": {name: digest("\0".join(map(form.normalize_str, CHARACTERS))) for name, form in forms.items()},
        "marks": {name: digest("\0".join(form.normalize_str(f"x{each}\u0334") + form.normalize_str(f"x\u0345{each}") for each in CHARACTERS))
                  for name, form in forms.items()},
        "lowercase": digest("\0".join(map(normalizers.Lowercase().normalize_str, CHARACTERS))),
    }
    path = pathlib.Path(__file__).parents[1] / "fixtures/unicode.json"
    path.write_text(json.dumps(text, indent=1) + "\n")


if __name__ == "__main__":
    main()
