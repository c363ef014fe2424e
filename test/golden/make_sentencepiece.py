"""Writes test/golden/sentencepiece.json: tiny sentencepiece models and what Python's sentencepiece makes of texts.

    python test/golden/make_sentencepiece.py            (sentencepiece)

Settings as the families have them: Llama and InternLM are BPE with byte fallback and identity normalization; the rest
covers the other settings of the format. Each entry holds the model (base64), ids without BOS, and the decoded text.
"""

import base64
import io
import json
import os
import pathlib
import tempfile

import sentencepiece as spm

OUT = pathlib.Path(__file__).resolve().parent / "sentencepiece.json"
TEXTS = [
    "Hello world", " leading", "trailing ", "  two  spaces  ", "", " ", "   ", "a", "The theme then: other others.",
    "don't we'LL I'M", "12345 + 67 = 12412", "x=1;y_2(z)!", "Zo\u00eb na\u00efve e\u0301", "\u65e5\u672c\u8a9e \u30c6\u30ad\u30b9\u30c8",
    "emoji \U0001f469\u200d\U0001f467 \u2713", "a\n\n b\t\tc\r\n", "\u00a0nbsp\u3000wide", "\uff21\uff22\uff43 \u2460 \ufb01ne", "\u2581lower block \u2581\u2581",
    "\u03a9mega \u2026 \u201cquotes\u201d", "tab\tand\x00nul", "aaaaaaaaaaaaaaaaaaaaaaaa", "theOtherTheOther",
    "\u0661\u0662\u0663 \u00bd \u00b2", "\ufeffmark", "the  the   the", "1" * 30, "\u0e44\u0e17\u0e22 \u0939\u093f\u0928\u094d\u0926\u0940",
]
CORPUS = [text for text in TEXTS if text.strip() and "<" not in text] * 3 + [
    "the other day the weather was rather good and then the others gathered together",
    "a tiny model needs a tiny vocabulary, trained on a tiny corpus of a few lines",
    "numbers such as 12 and 345 and 6789 are cut in some way or another", "whether there is rain or thunder, there they are",
] * 5

BASE = dict(vocab_size=400, hard_vocab_limit=False, character_coverage=0.98, byte_fallback=True, minloglevel=2,
            normalization_rule_name="identity", remove_extra_whitespaces=False, num_threads=1)
# A few lines of NFKC: the whole of it would take 240 kB in every model. The model keeps the file's name.
os.chdir(tempfile.mkdtemp())
RULES = pathlib.Path("rules.tsv")
RULES.write_text("FF21\t41\nFF22\t42\nFF43\t63\n2460\t31\nFB01\t66 69\n65 301\tE9\nA0\t20\n3000\t20\n")

SETTINGS = {
    "bpe": dict(model_type="bpe"),
    "bpe-split-digits": dict(model_type="bpe", split_digits=True, allow_whitespace_only_pieces=True),
    "bpe-no-prefix": dict(model_type="bpe", add_dummy_prefix=False),
    "bpe-user-defined": dict(model_type="bpe", user_defined_symbols=["<sep>", "the other"], control_symbols=["<ctl>"]),
    "bpe-strip-spaces": dict(model_type="bpe", remove_extra_whitespaces=True),
    "bpe-rules": dict(model_type="bpe", normalization_rule_tsv=str(RULES)),
    "unigram": dict(model_type="unigram", byte_fallback=False),
}
REFUSED = {
    "unigram-bytes": dict(model_type="unigram"),
    "word": dict(model_type="word"),
}


def train(settings):
    out = io.BytesIO()
    spm.SentencePieceTrainer.train(sentence_iterator=iter(CORPUS), model_writer=out, **{**BASE, **settings})
    return out.getvalue()


def pieces(processor):
    """The vocabulary as a GGUF file's metadata has it."""
    def kind(i):
        flags = [processor.is_unknown(i), processor.is_control(i), False, processor.is_unused(i), processor.is_byte(i)]
        return next((number for number, flag in enumerate(flags, 2) if flag), 1)
    ids = range(processor.get_piece_size())
    return {"tokens": [processor.id_to_piece(i) for i in ids], "scores": [processor.get_score(i) for i in ids],
            "types": [kind(i) for i in ids]}


def main():
    golden = {"texts": TEXTS, "models": {}, "refused": {}}
    for name, settings in SETTINGS.items():
        model = train(settings)
        processor = spm.SentencePieceProcessor(model_proto=model)
        ids = [processor.encode(text) for text in TEXTS]
        golden["models"][name] = {"model": base64.b64encode(model).decode(), "ids": ids,
                                  "decoded": [processor.decode(i) for i in ids]}
    golden["pieces"] = pieces(spm.SentencePieceProcessor(model_proto=train(SETTINGS["bpe"])))
    for name, settings in REFUSED.items():
        golden["refused"][name] = base64.b64encode(train(settings)).decode()
    OUT.write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
