"""Writes test/fixtures/tokenizers: small byte-level tokenizers with what transformers makes of texts and chats.

    python test/golden/make_tokenizers.py            (tokenizers, transformers 5, jinja2)

Each directory holds a tokenizer's own files and golden.json: ids with and without special tokens, the text decoded
from them with and without special tokens, and chats with the text or error that the template gives.
"""

import json
import pathlib
import shutil

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

ROOT = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "tokenizers"
CORPUS = [line for path in sorted(pathlib.Path(__file__).parent.glob("*.py")) for line in path.read_text().splitlines()]
WORDS = ["Hello world", "the theme then there", "a  b   c", "don't stop I'LL", "x_1 = y[2] + 3.14;", "naïve café", "日本語の文",
         "Привет мир", "emoji 👩‍👩‍👧 ✓", "tab\tand\nnewline\r\n", "12345 67", "½ ² ﬁ Ⅷ", "e\u0301 é", "\u00a0nbsp\u2003em", "(a,b)->{c}",
         "aaaa aaaaa", "ABC abc Abc", "…—“”", "", " ", "  ", " lead", "trail ", "\n\n", "<s>x</s>", "a<|im_end|>b", "\u3000全角",
         "model.layers.0.self_attn", "return torch.tensor", "    indented code", "0.1+0.2==0.3", "\ufeffbom", "ab\u0000cd", "▁x ▁", "İıß"]
TEXTS = WORDS + [f"{a} {b}" for a, b in zip(WORDS, WORDS[7:])] + [f"{a}{b}" for a, b in zip(WORDS[3:], WORDS)] + CORPUS[:60]

LLAMA3_SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
                r"|\s*[\r\n]+|\s+(?!\S)|\s+")
CHATML = ("{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
          "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")
LLAMA3_CHAT = """{{- bos_token }}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{%- if not date_string is defined %}
    {%- set date_string = "26 Jul 2024" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{{- "Today Date: " + date_string + "\\n\\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {%- if (message.role == 'user') != (loop.index0 % 2 == 0) %}
        {{- raise_exception('Roles must alternate: ' + message.role) }}
    {%- endif %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if tools is not none %}{{- tools | tojson }}{%- endif %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""
QWEN3_CHAT = """{%- set ns = namespace(multi_step=true, last=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step and message.role == "user" and not(message.content.startswith('<tool>') and message.content.endswith('</tool>')) %}
        {%- set ns.multi_step = false %}
        {%- set ns.last = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- set content = message.content if message.content is string else '' %}
    {%- if message.role == "assistant" and '</think>' in content %}
        {%- set reasoning = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
        {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- if loop.index0 > ns.last %}{{- '<think>\\n' + reasoning.strip('\\n') + '\\n</think>\\n\\n' }}{%- endif %}
    {%- endif %}
    {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}"""
CHATS = [[{"role": "user", "content": " What is 2 + 2?\n"}],
         [{"role": "system", "content": "Be brief. "}, {"role": "user", "content": "Hi <b>&'\""},
          {"role": "assistant", "content": "<think>\nhm\n</think>\n\nHello"}, {"role": "user", "content": "Bye"}],
         [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "<think>\nhm\n</think>\n\nHello"}]]


def fresh(name):
    directory = ROOT / name
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


def write(path, value):
    path.write_text(json.dumps(value, separators=(",", ":"), ensure_ascii=True) + "\n")


def make_fast(name, tokenizer, special, config, template=None, jinja=None, post=None):
    directory = fresh(name)
    tokenizer.train_from_iterator(CORPUS + WORDS, trainers.BpeTrainer(
        vocab_size=500, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    if post:
        tokenizer.post_processor = post(tokenizer)
    tokenizer.save(str(directory / "tokenizer.json"), pretty=False)
    if template:
        config = {**config, "chat_template": template}
    if jinja:
        (directory / "chat_template.jinja").write_text(jinja)
    (directory / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")
    loaded = PreTrainedTokenizerFast.from_pretrained(directory)
    ids = [loaded(text)["input_ids"] for text in TEXTS]
    chats = []
    for messages in CHATS:
        for generation in (False, True):
            try:
                text = loaded.apply_chat_template(messages, tokenize=False, add_generation_prompt=generation)
                chats.append({"messages": messages, "generation": generation, "text": text})
            except Exception as error:
                chats.append({"messages": messages, "generation": generation, "error": str(error)})
    write(directory / "golden.json", {
        "texts": TEXTS, "ids": ids, "bare": [loaded(text, add_special_tokens=False)["input_ids"] for text in TEXTS],
        "decoded": [loaded.decode(row, clean_up_tokenization_spaces=False) for row in ids],
        "skipped": [loaded.decode(row, skip_special_tokens=True, clean_up_tokenization_spaces=False) for row in ids],
        "chats": chats})


def byte_level_bpe(*before, normalizer=None):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizer
    use_regex = not any(isinstance(each, pre_tokenizers.Split) for each in before)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [*before, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=use_regex)])
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def main():
    llama = lambda t: processors.Sequence([processors.ByteLevel(trim_offsets=True), processors.TemplateProcessing(
        single="<|begin_of_text|> $A", pair="<|begin_of_text|> $A <|begin_of_text|>:1 $B:1",
        special_tokens=[("<|begin_of_text|>", t.token_to_id("<|begin_of_text|>"))])])
    split = pre_tokenizers.Split(Regex(LLAMA3_SPLIT), behavior="isolated")
    make_fast("llama3", byte_level_bpe(split),
              ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
              {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>", "clean_up_tokenization_spaces": True},
              template=LLAMA3_CHAT, post=llama)
    make_fast("qwen3", byte_level_bpe(split, normalizer=normalizers.NFC()),
              ["<|endoftext|>", "<|im_start|>", "<|im_end|>", AddedToken("<think>", special=False, normalized=False)],
              {"add_bos_token": False, "bos_token": None, "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"},
              jinja=QWEN3_CHAT)
    make_fast("smollm", byte_level_bpe(pre_tokenizers.Digits(individual_digits=True)),
              ["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
              {"bos_token": "<|im_start|>", "eos_token": {"content": "<|im_end|>", "__type": "AddedToken", "lstrip": False,
                                                          "normalized": False, "rstrip": False, "single_word": False},
               "add_bos_token": True},
              template=[{"name": "default", "template": CHATML}, {"name": "tool_use", "template": "{{ tools }}"}])


if __name__ == "__main__":
    main()
