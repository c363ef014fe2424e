"""Writes test/fixtures/templates/{chats,expressions}.json: chats and small expressions as transformers renders them.

    python test/golden/make_templates.py        (transformers 5.24.0, jinja2 3.1.6)

With a folder of other templates (*.jinja), prints their cases for scripts/compare-templates.ts instead:

    python test/golden/make_templates.py FOLDER > /tmp/chats.jsonl

The templates are ours. They use what those of Qwen3, Llama 3, Gemma, Mistral, SmolLM, and Phi use.
"""

import copy
import json
import pathlib
import sys

from fuzz_templates import VARIABLES, Fuzz, result_of
from transformers.utils.chat_template_utils import render_jinja_template

FOLDER = pathlib.Path(__file__).parent.parent / "fixtures" / "templates"
TOOLS = [
    {"type": "function", "function": {"name": "wéather", "description": "It's \"now\" <b>",
     "parameters": {"type": "object", "required": ["z", "a"], "properties": {"z": {"type": "string", "enum": ["°C", "°F"]}, "a": {"type": "number", "default": 0.5}}, "items": [], "strict": False, "none": None}}},
    {"type": "function", "function": {"name": "hidden", "parameters": {}}},
]
CODE = "    def f(x):\n        return x\n\n\tpass  \n"
CONVERSATIONS = {
    "one": [{"role": "user", "content": "Hi"}],
    "system": [{"role": "system", "content": " Be brief.\n"}, {"role": "user", "content": "What is 2 + 2?"}],
    "turns": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}, {"role": "user", "content": "Bye"}, {"role": "assistant", "content": "Bye."}],
    "spaces": [{"role": "system", "content": "\n\t "}, {"role": "user", "content": " \n lead and trail \u00a0\n\n"}, {"role": "assistant", "content": "\n\n  answer  \n"}, {"role": "user", "content": ""}],
    "code": [{"role": "user", "content": "Write a loop:\n" + CODE}, {"role": "assistant", "content": CODE}],
    "thoughts": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "<think>\n  step\n</think>\n\n" + CODE}, {"role": "user", "content": "b"}, {"role": "assistant", "content": "<think>\n\n\tlast\n\n</think>\n\n\n" + CODE}],
    "reasoning": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "reasoning_content": "\n why \n"}],
    "calls": [
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": {"name": "wéather", "arguments": {"z": "°C", "a": 1, "list": [True, None, 1.5]}}}]},
        {"role": "tool", "content": "{\"t\": 21}"},
        {"role": "tool", "content": "<raw> 'q' "},
        {"role": "assistant", "content": "It is 21 °C."},
    ],
    "unicode": [{"role": "user", "content": "日本 😀 {{ x }} {% raw %} <|end|> \\n é\u2028"}, {"role": "assistant", "content": "straße\r\nÜ"}],
    "parts": [{"role": "user", "content": [{"type": "text", "text": " a "}, {"type": "image"}]}],
    "wrong order": [{"role": "assistant", "content": "a"}, {"role": "user", "content": "b"}],
}
VARIANTS = [{}, {"add_generation_prompt": True}, {"tools": TOOLS}, {"tools": TOOLS, "tools_first": False, "add_generation_prompt": True}, {"enable_thinking": False, "add_generation_prompt": True}, {"today": "2 Feb", "enable_thinking": True}]
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}


def rendered(template, messages, options):
    try:
        return {"text": render_jinja_template([copy.deepcopy(messages)], chat_template=template, **TOKENS, **copy.deepcopy(options))[0][0]}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:200]}


def compare(folder):
    print(json.dumps({"tokens": TOKENS}))
    for path in sorted(folder.glob("*.jinja")):
        for name, messages in CONVERSATIONS.items():
            for options in VARIANTS:
                line = {"name": path.name, "template": path.read_text(), "messages": messages, "options": options}
                print(json.dumps({**line, **rendered(path.read_text(), messages, options)}))


def main():
    if len(sys.argv) > 1:
        return compare(pathlib.Path(sys.argv[1]))
    cases = []
    for path in sorted(FOLDER.glob("*.jinja")):
        template = path.read_text()
        for name, messages in CONVERSATIONS.items():
            for options in VARIANTS:
                cases.append({"template": path.name, "chat": name, "options": options, **rendered(template, messages, options)})
    texts = {"tokens": TOKENS, "chats": CONVERSATIONS, "cases": cases}
    (FOLDER / "chats.json").write_text(json.dumps(texts, indent=0, ensure_ascii=False) + "\n")
    fuzz = Fuzz(20261201)
    expressions = []
    while len(expressions) < 500:
        template = fuzz.template()
        result = result_of(template)
        if "<function" not in str(result) and "object at" not in str(result):
            expressions.append({"template": template, **result})
    lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in expressions)
    (FOLDER / "expressions.json").write_text(f'{{"variables": {json.dumps(VARIABLES, ensure_ascii=False)},\n"cases": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
