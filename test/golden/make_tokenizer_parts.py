"""Compares every part of a tokenizer.json that is read with the tokenizers library, on random texts.

    pip install tokenizers
    python test/golden/make_tokenizer_parts.py                                 writes test/fixtures/tokenizer-parts.json
    python test/golden/make_tokenizer_parts.py --scale 40 --seed 7 --out F     more of it, for one comparison:
    ISENTROPE_TOKENIZER_PARTS=F npx vitest run src/model/tokenizer/parts.test.ts

A group is a tokenizer.json with texts and their ids, or ids and their texts. Two vocabularies make parts visible: with
bytes as the only tokens, the ids are the normalized text; with the prefix "##" inside of words too, they show where the
pre-tokenizer cuts.
"""

import argparse
import json
import pathlib
import random

from tokenizers import Tokenizer

POOLS = [
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789", " " * 8, " \t\n\r", ".,;:!?()[]{}<>-+*/=_#@$%^&|~`\"\\",
    ["'s", "'S", "'\u017f", "'t", "'re", "'RE", "'ve", "'m", "'ll", "'LL", "'d", "'D", "\u2019s", "n't", "\u212a", "\u00df", "\ufb01", "SS"],
    "\u00e9\u00fc\u00f1\u00c5\u0130\u0131\u01c5\u03a3\u03c2\u03c3\u0416\u0436\u05d0\u0627\u0915\u094d\u0937\u0e01\u0e33", "\u4e2d\u65e5\u672c\u8a9e\u3042\u30a2\uac00\ud55c\u3000\uff21\uff11",
    "\u0301\u0308\u0327\u0334\u0345\u20dd\u0300\u05b0\u064b\u3099\u1100\u1161\u11a8", ["\U0001f600", "\U0001f469\u200d\U0001f469\u200d\U0001f467", "\u2764\ufe0f", "\U0001f1e9\U0001f1ea"],
    "\u00a0\u0085\u2003\u2028\u2029\u200b\u200c\u200d\ufeff\u180e\u1680\u3000\x00\x07\x0b\x0c\x1f\x7f", "\u00b2\u00b3\u00b9\u00bc\u00be\u2460\u2167\u0661\u096a\u17f0\U0001d7ce",
    "\u088f\ua7ce\ua7f1\U00010940\U00011de0\U00016ea0\U000323b0\u1acf\u20c1", "\u0897\u08d3\u1abf\U000105d2\U00011935\U00011930\U00011938\U00011f41\u32ff\ua7f2\U0001e030\U0001fbf5\U00016d67",
    ["\u0295", "\u2581", "\u0120", "<0x41>", "##", "\u02bc", "\u0149"], ["\r\n", "\n\n", "  ", "   ", "\t\t", " \n "],
    ["hello", "world", " the", " Hello", "don't", "I'M", "x1y2", "3.14", "1234567", "foo_bar", "Stra\u00dfe", "\u1e9b\u0323"],
]
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?"
         r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
CL100K = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
DEEPSEEK = ("[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*"
            "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+")
PUBLISHED = [GPT2, LLAMA3, LLAMA3.replace("{1,3}", ""), O200K, CL100K, DEEPSEEK, r"\p{N}{1,3}", "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
             r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", r" ?[^(\s|[.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c])]+", "[0-9][0-9][0-9]",
             r"\d", r"\d{1,3}(?=(?:\d{3})*\b)".replace(r"\b", r"(?!\d)"), r"[\p{Han}]+", r"(?:\r?\n)+(?!\r?\n)", r"\p{N}", "(?=[A-Z])",
             r"[A-Za-z\u00C0-\u024F]+", r"\n+", r"[^\n]+|[\n]+", r"(\d+|[^\d\s]+)\s*"]
ATOMS = [r"\p{L}", r"\p{Lu}", r"\p{Ll}", r"\p{Lo}", r"\p{N}", r"\p{Nd}", r"\p{P}", r"\p{S}", r"\p{M}", r"\p{Z}", r"\P{L}", r"\p{^N}", r"\p{Han}", r"\p{Alpha}",
         r"\p{Lowercase}", r"\p{Alnum}", r"\s", r"\S", r"\d", r"\D", r"\w", r"\W", r"\h", ".", "a", "b", " ", "'", r"\n", r"\.", r"\x41", r"\u00e9", r"\x{1F600}",
         "\u00e9", "[abc]", "[^a-z]", r"[\p{L}\d_]", r"[^\s\p{L}]", r"[[:alpha:]]", r"[[:^digit:][:space:]]", r"[\w&&[^\d]]", "[a-z&&[^aeiou]]",
         r"[\w]", r"[^\W]", "[[a-c][x-z]]", r"[\-\]\[]", "[-a]", "[a-]", r"[\p{Lu}&&\p{L}]", r"[[:punct:]]", "[^[:upper:]]", r"\A", r"\z", r"\Z", "^", "$",
         "(?i:k)", "(?i:don't)", "(?i:[a-k])", "(?i:[^s])", "(?=a)", r"(?!\s)", r"(?<=\n)", "(?<! )", r"(?>\p{L}+)", "(?:ab|a)", "(a|b)", "(?<n>x)"]
QUANTIFIERS = ["", "", "", "", "*", "+", "?", "{2}", "{1,3}", "{2,}", "{,2}", "*?", "+?", "??", "++", "*+", "?+"]
BYTES = {f"<0x{byte:02X}>": byte for byte in range(256)}


def text(rng, longest=14):
    pick = lambda: rng.choice(rng.choice(POOLS)) if rng.random() < 0.97 else chr(rng.choice([rng.randrange(0xD800), rng.randrange(0xE000, 0x30000)]))
    return "".join(pick() for _ in range(rng.randrange(longest)))


def bpe(**fields):
    return {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False,
            "byte_fallback": True, "ignore_merges": False, "vocab": BYTES, "merges": [], **fields}


def whole(model, **parts):
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None, "pre_tokenizer": None,
            "post_processor": None, "decoder": None, "model": model, **parts}


def pattern(rng):
    if rng.random() < 0.2:
        return {"String": rng.choice(["a", " ", "\u2581", "##", "'s", "ab", "\n", "\u00e9", "."])}
    if rng.random() < 0.3:
        return {"Regex": rng.choice(PUBLISHED)}
    sequence = lambda: "".join(rng.choice(ATOMS) + rng.choice(QUANTIFIERS) for _ in range(rng.randrange(1, 4)))
    return {"Regex": "|".join(sequence() for _ in range(rng.randrange(1, 4)))}


def normalizer(rng, depth=0):
    kind = rng.randrange(12 if depth == 0 else 10)
    if kind < 4:
        return {"type": ["NFC", "NFD", "NFKC", "NFKD"][kind]}
    if kind == 4:
        return {"type": "Lowercase"}
    if kind == 5:
        return {"type": "Strip", "strip_left": rng.random() < 0.7, "strip_right": rng.random() < 0.7}
    if kind in (6, 7):
        return {"type": "Replace", "pattern": pattern(rng), "content": rng.choice(["", "\u2581", "xy", " ", "$1", "\\"])}
    if kind == 8:
        return {"type": "Prepend", "prepend": rng.choice(["\u2581", " ", "ab"])}
    if kind == 9:
        return {"type": "ByteLevel"}
    return {"type": "Sequence", "normalizers": [normalizer(rng, 1) for _ in range(rng.randrange(4))]}


def pre_tokenizer(rng, depth=0):
    kind = rng.randrange(13 if depth == 0 else 10)
    if kind == 0:
        return {"type": "ByteLevel", "add_prefix_space": rng.random() < 0.5, "trim_offsets": True, "use_regex": rng.random() < 0.6}
    if kind < 5:
        return {"type": "Split", "pattern": pattern(rng), "invert": rng.random() < 0.3,
                "behavior": rng.choice(["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"])}
    if kind == 5:
        return {"type": "Digits", "individual_digits": rng.random() < 0.5}
    if kind == 6:
        return {"type": rng.choice(["Whitespace", "WhitespaceSplit"])}
    if kind == 7:
        return {"type": "CharDelimiterSplit", "delimiter": rng.choice("a \u00e9")}
    if kind == 8:
        scheme = rng.choice(["always", "first", "never"])
        return {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": scheme, "split": rng.random() < 0.6}
    if kind == 9:
        return {"type": "FixedLength", "length": rng.randrange(1, 5)}
    return {"type": "Sequence", "pretokenizers": [pre_tokenizer(rng, 1) for _ in range(rng.randrange(1, 4))]}


def random_bpe(rng):
    prefix = rng.choice([None, None, None, "##"])
    suffix = rng.choice([None, None, None, "</w>"])
    characters = list("abcdeh lo\u00e9\u2581<")
    forms = lambda c: {c, (prefix or "") + c, c + (suffix or ""), (prefix or "") + c + (suffix or "")}
    tokens = ["<unk>"] + sorted({form for c in characters for form in forms(c) if rng.random() < 0.95})
    bytes_there = rng.random()
    tokens += [] if bytes_there < 0.4 else list(BYTES) if bytes_there < 0.8 else list(BYTES)[:200]
    merges = []
    for _ in range(rng.randrange(60)):
        left, right = rng.choice(tokens[1:]), rng.choice(tokens[1:])
        if prefix and not right.startswith(prefix):
            continue
        merged = left + right[len(prefix or ""):]
        merges.append([left, right])
        if merged not in tokens:
            tokens.append(merged)
    return bpe(vocab={token: i for i, token in enumerate(tokens)}, merges=merges, unk_token=rng.choice([None, "<unk>", "<unk>"]), fuse_unk=rng.random() < 0.5,
               byte_fallback=rng.random() < 0.6, ignore_merges=rng.random() < 0.4, continuing_subword_prefix=prefix, end_of_word_suffix=suffix)


def random_unigram(rng):
    tokens = ["<unk>"] + list("abcdeh lo\u00e9\u2581") + ["".join(rng.choice("abcdehlo \u00e9\u2581") for _ in range(rng.randrange(2, 5))) for _ in range(60)]
    if rng.random() < 0.5:
        tokens += list(BYTES)
    return {"type": "Unigram", "unk_id": 0, "byte_fallback": rng.random() < 0.6,
            "vocab": [[token, round(-rng.random() * 12, rng.choice([1, 6]))] for token in dict.fromkeys(tokens)]}


def word_level(rng):
    words = ["<unk>", "hello", " the", "world", "a", "\u00e9"]
    return {"type": "WordLevel", "vocab": {word: i for i, word in enumerate(words)}, "unk_token": rng.choice(["<unk>", "<unk>", "none"])}


def added_tokens(rng, model):
    vocab = model["vocab"] if isinstance(model["vocab"], dict) else {token: i for i, (token, _) in enumerate(model["vocab"])}
    contents = ["<s>", "</s>", "<s>x", "hello", "the", " the", "\u00c9", "\u00e9", "a", "ab", "  ", "<|im_end|>", "\u2581b", "'s", "STRASSE", "\u00df", "\u4e2d"]
    tokens, after = [], len(vocab)
    for content in rng.sample(contents, rng.randrange(1, 7)):
        known = vocab.get(content)
        token_id = after if known is None else known
        after += known is None
        tokens.append({"id": token_id, "content": content, "single_word": rng.random() < 0.3, "lstrip": rng.random() < 0.3, "rstrip": rng.random() < 0.3,
                       "normalized": rng.random() < 0.5, "special": rng.random() < 0.5})
    # The library numbers new tokens after the largest one.
    top = max(token["id"] for token in tokens)
    return tokens if all(token["id"] < len(vocab) for token in tokens) or top >= len(vocab) else []


def decoder(rng, depth=0):
    kind = rng.randrange(9 if depth == 0 else 7)
    if kind < 3:
        return {"type": ["ByteLevel", "ByteFallback", "Fuse"][kind]} | ({"add_prefix_space": True, "trim_offsets": True, "use_regex": True} if kind == 0 else {})
    if kind == 3:
        return {"type": "Replace", "pattern": pattern(rng), "content": rng.choice(["", " ", "xy"])}
    if kind == 4:
        return {"type": "Strip", "content": rng.choice(" a\u2581"), "start": rng.randrange(3), "stop": rng.randrange(2)}
    if kind == 5:
        return {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": rng.choice(["always", "first", "never"]), "split": True}
    if kind == 6:
        return None if depth == 0 else {"type": "Fuse"}
    return {"type": "Sequence", "decoders": [decoder(rng, 1) for _ in range(rng.randrange(1, 4))]}


def post_processor(rng, special):
    piece = lambda: {"SpecialToken": {"id": rng.choice(special)["content"], "type_id": 0}}
    template = lambda: {"type": "TemplateProcessing", "single": [*(piece() for _ in range(rng.randrange(3))), {"Sequence": {"id": "A", "type_id": 0}},
                                                                 *(piece() for _ in range(rng.randrange(3)))],
                        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                        "special_tokens": {token["content"]: {"id": token["content"], "ids": [token["id"]], "tokens": [token["content"]]} for token in special}}
    pair = lambda: [(token := rng.choice(special))["content"], token["id"]]
    kinds = [template, template, lambda: {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
             lambda: {"type": "RobertaProcessing", "sep": pair(), "cls": pair(), "trim_offsets": True, "add_prefix_space": True},
             lambda: {"type": "BertProcessing", "sep": pair(), "cls": pair()}]
    if rng.random() < 0.3:
        return {"type": "Sequence", "processors": [rng.choice(kinds)() for _ in range(rng.randrange(1, 4))]}
    return rng.choice(kinds)()


def make(rng, what):
    if what == "normalizer":
        return whole(bpe(), normalizer=normalizer(rng))
    if what == "pre-tokenizer":
        return whole(bpe(continuing_subword_prefix="##"), pre_tokenizer=pre_tokenizer(rng))
    if what == "model":
        return whole(rng.choice([random_bpe, random_bpe, random_unigram, word_level])(rng), pre_tokenizer=rng.choice([None, {"type": "WhitespaceSplit"}, {"type": "Whitespace"}]))
    if what == "decoder":
        tokens = ["<unk>", "hello", " a", "a", "\u2581the", "\u2581", "\u2581\u2581x", "\u0120x", "\u010a", "\u00e9", "\u00c3", "\u00a9", "\u4e2d", "<0x+A>", "<0xZZ>", "<0x4>", "\ufeff", *BYTES]
        model = {"type": "WordLevel", "vocab": {token: i for i, token in enumerate(tokens)}, "unk_token": "<unk>"}
        return whole(model, decoder=decoder(rng), added_tokens=added_tokens(rng, model))
    model = rng.choice([random_bpe, random_unigram])(rng)
    tokens = added_tokens(rng, model)
    post = post_processor(rng, tokens) if tokens and what == "whole" else None
    return whole(model, normalizer=rng.choice([None, normalizer(rng)]), pre_tokenizer=rng.choice([None, pre_tokenizer(rng)]), decoder=decoder(rng),
                 added_tokens=tokens, post_processor=post)


def group(rng, what, texts):
    described = make(rng, what)
    try:
        tokenizer = Tokenizer.from_str(json.dumps(described))
    except BaseException:  # a pattern that Oniguruma refuses, or a panic
        return None
    for token in described["added_tokens"]:
        if tokenizer.token_to_id(token["content"]) != token["id"]:
            return None
    # From version 0.22 on the library decodes an added token to its normalized text, which its own tests do not mean.
    decodes = not any(token["normalized"] and tokenizer.id_to_token(token["id"]) != token["content"] for token in described["added_tokens"])
    cases = []
    for _ in range(texts):
        if what == "decoder":
            ids = [rng.randrange(tokenizer.get_vocab_size() + 1) for _ in range(rng.randrange(8))]
        else:
            given = text(rng)
            if rng.random() < 0.4 and described["added_tokens"]:
                at = rng.randrange(len(given) + 1)
                given = given[:at] + rng.choice(described["added_tokens"])["content"] + given[at:]
            try:
                case = {"text": given, "ids": tokenizer.encode(given).ids, "bare": tokenizer.encode(given, add_special_tokens=False).ids}
            except Exception:
                cases.append({"text": given, "error": True})
                continue
            except BaseException:  # a panic: one template behind another
                return None
            if what in ("normalizer", "pre-tokenizer") or not decodes:
                cases.append(case)
                continue
            ids = case["ids"]
        try:
            decoded = {"decoded": tokenizer.decode(ids, skip_special_tokens=False), "skipped": tokenizer.decode(ids, skip_special_tokens=True)}
        except BaseException:  # the Strip decoder panics where both of its sides meet
            continue
        cases.append({**({"ids": ids} if what == "decoder" else case), **decoded})
    return {"what": what, "tokenizer": described, "cases": cases}


def compact(groups):
    """The vocabulary of bytes is in most groups."""
    for each in groups:
        model = each["tokenizer"]["model"]
        if model["vocab"] == BYTES:
            model["vocab"] = "bytes"
    return groups


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parents[1] / "fixtures/tokenizer-parts.json")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    counts = {"normalizer": 50, "pre-tokenizer": 110, "model": 50, "decoder": 50, "whole": 60}
    groups = []
    for what, count in counts.items():
        wanted = count * options.scale
        while wanted > 0:
            made = group(rng, what, 10)
            if made is not None:
                groups.append(made)
                wanted -= 1
    options.out.write_text(json.dumps(compact(groups), ensure_ascii=True, separators=(",", ":")) + "\n")
    print(sum(len(each["cases"]) for each in groups), "cases in", len(groups), "groups")


if __name__ == "__main__":
    main()
