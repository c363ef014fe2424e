"""Writes test/fixtures/models/gguf (tiny GGUF models) and test/golden/dequantize.json.

    python test/golden/make_gguf.py            (transformers 5, torch, gguf, numpy, tokenizers)

golden.json: float32 logits of transformers' own GGUF loading for every file, rounded to 7 significant digits, and the
ids of texts by Rust's tokenizers with the pre-tokenizer that the file names. dequantize.json: random blocks of every
format and what Python's gguf package decodes them to.
"""

import base64
import json
import pathlib

import gguf
import numpy as np
import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, LlamaConfig, Qwen2Config, Qwen3Config

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "fixtures" / "models" / "gguf"
INPUT_IDS = [[1, 5, 9, 33, 263, 2, 17, 40, 40, 7, 0, 121], [4, 60, 3, 3, 211, 29, 50, 8, 44, 12, 38, 6]]
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TEXTS = ["Hello world", "  two  spaces ", "12345 + 67 = 12412", "don't we'LL I'M", "Zoë naïve e\u0301", "日本語 テキスト",
         "a\n\n b\t\tc\r\n", "emoji 👩‍👩‍👧 ✓", "x=1;y_2(z)!", "<|im_start|>user\nhi<|im_end|>", "", " ", "\u00a0nbsp", "1" * 10,
         "Ωmega … “quotes”", "ab<|endoftext|>cd", "the theme then", "١٢٣ ½ ²", "a\u0085b \ufeff\ufeffx", "\u2028\u2028z\x1c\x1d", "x\u200b\u180ey"]
TEMPLATE = ("{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' + '\n' }}"
            "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
# https://huggingface.co/deepseek-ai/DeepSeek-R1/blob/main/tokenizer.json
DEEPSEEK3 = (r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
             r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def isolated(pattern):
    return pre_tokenizers.Split(Regex(pattern), behavior="isolated")


def byte_level(use_regex=False):
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=use_regex)


PRE_TOKENIZERS = {
    "gpt-2": [byte_level(True)],
    "smollm": [pre_tokenizers.Digits(individual_digits=True), byte_level(True)],
    "llama-bpe": [isolated(LLAMA3), byte_level()],
    "qwen2": [isolated(QWEN2), byte_level()],
    "deepseek-v3": [isolated(r"\p{N}{1,3}"), isolated("[一-龥぀-ゟ゠-ヿ]+"), isolated(DEEPSEEK3), byte_level()],
}


def seven_digits(value):
    return float(f"{value:.7g}")


def train_tokenizer():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    corpus = [pathlib.Path(__file__).read_text(), *TEXTS]
    tokenizer.train_from_iterator(corpus, trainers.BpeTrainer(
        vocab_size=320, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    return tokens, [tuple(merge) for merge in model["merges"]]


def text_ids(tokens, merges, pre):
    model = models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=merges, ignore_merges=pre == "llama-bpe")
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(PRE_TOKENIZERS[pre])
    if pre == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(SPECIAL)
    return [tokenizer.encode(text).ids for text in TEXTS]


def randomise(model, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(1 + 0.2 * noise if "norm" in name else 0.3 * noise)
    return model.eval()


def permute(weight, heads):
    """llama.cpp's order of the rows of q and k: the rotation's halves interleaved."""
    return weight.reshape(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def llama3_divisors(config):
    """llama.cpp's rope_freqs.weight: what every frequency is divided by under Llama 3's scaling."""
    rope = config.rope_parameters
    low, high, original = rope["low_freq_factor"], rope["high_freq_factor"], rope["original_max_position_embeddings"]
    divisors = []
    for i in range(0, config.head_dim, 2):
        wavelength = 2 * np.pi * rope["rope_theta"] ** (i / config.head_dim)
        smooth = min(max((original / wavelength - low) / (high - low), 0), 1)
        divisors.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    return np.array(divisors, dtype=np.float32)


def write_model(name, arch, config, types, tokenizer, pre, seed):
    tokens, merges = tokenizer
    model = randomise(AutoModelForCausalLM.from_config(config), seed)
    state = {key: value.numpy() for key, value in model.state_dict().items()}
    writer = gguf.GGUFWriter(FOLDER / f"{name}.gguf", arch)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    if arch == "qwen3":
        writer.add_key_length(config.head_dim)
        writer.add_value_length(config.head_dim)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types([3 if token in SPECIAL else 1 for token in tokens])
    writer.add_token_merges([" ".join(merge) for merge in merges])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(0)
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH[arch.upper()], config.num_hidden_layers)
    scaled = config.rope_parameters["rope_type"] == "llama3"
    if scaled:
        writer.add_tensor("rope_freqs.weight", llama3_divisors(config))
    cycle = 0
    for key, value in state.items():
        if key == "lm_head.weight" and config.tie_word_embeddings:
            continue
        if arch == "llama" and ("q_proj" in key or "k_proj" in key):
            value = permute(value, config.num_attention_heads if "q_proj" in key else config.num_key_value_heads)
        kind = gguf.GGMLQuantizationType.F32
        if value.ndim == 2:
            kind = types[cycle % len(types)]
            cycle += 1
        data = value if kind == gguf.GGMLQuantizationType.F32 else gguf.quantize(value, kind)
        writer.add_tensor(names.get_name(key, try_suffixes=(".weight", ".bias")), data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    # transformers reads no head dimension for Qwen3: it is told the configuration.
    told = {"config": config} if arch == "qwen3" else {}
    # Nor Llama 3's scaling: there the model itself is the golden, its weights being stored as they are.
    loaded = model if scaled else AutoModelForCausalLM.from_pretrained(FOLDER, gguf_file=f"{name}.gguf", dtype=torch.float32, **told)
    with torch.no_grad():
        logits = loaded(torch.tensor(INPUT_IDS)).logits
    return {"input_ids": INPUT_IDS, "logits": [[[seven_digits(v) for v in row] for row in rows] for rows in logits.tolist()],
            "pre": pre, "ids": text_ids(tokens, merges, pre)}


def make_models():
    FOLDER.mkdir(parents=True, exist_ok=True)
    tokens, merges = tokenizer = train_tokenizer()
    kinds = gguf.GGMLQuantizationType
    shape = dict(vocab_size=len(tokens), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
                 num_key_value_heads=2, max_position_embeddings=64, rms_norm_eps=1e-5)
    llama = LlamaConfig(**shape, tie_word_embeddings=True, rope_parameters={"rope_type": "default", "rope_theta": 1e4})
    qwen2 = Qwen2Config(**shape, rope_parameters={"rope_type": "default", "rope_theta": 1e6})
    qwen3 = Qwen3Config(**shape, head_dim=16, tie_word_embeddings=True,
                        rope_parameters={"rope_type": "default", "rope_theta": 1e6})
    llama3 = LlamaConfig(**{**shape, "num_hidden_layers": 1, "max_position_embeddings": 131072}, rope_parameters={
        "rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192})
    golden = {
        "texts": TEXTS,
        "llama": write_model("llama", "llama", llama, [kinds.Q8_0, kinds.Q4_1, kinds.Q5_0], tokenizer, "smollm", 1),
        "qwen2": write_model("qwen2", "qwen2", qwen2, [kinds.F16, kinds.Q5_1, kinds.Q4_0], tokenizer, "qwen2", 2),
        "qwen3": write_model("qwen3", "qwen3", qwen3, [kinds.BF16, kinds.Q8_0, kinds.F32], tokenizer, "qwen2", 3),
        "llama3": write_model("llama3", "llama", llama3, [kinds.F32], tokenizer, "llama-bpe", 4),
        "pre": {pre: text_ids(tokens, merges, pre) for pre in PRE_TOKENIZERS},
    }
    (FOLDER / "golden.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")


def make_blocks():
    """Three random blocks of every format; the half-precision scales are small finite numbers."""
    generator = np.random.default_rng(5)
    scales_at = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q4_K": [0, 2], "Q5_K": [0, 2],
                 "Q6_K": [208]}
    golden = {}
    for name, places in scales_at.items():
        kind = gguf.GGMLQuantizationType[name]
        _, block_bytes = gguf.GGML_QUANT_SIZES[kind]
        blocks = generator.integers(0, 256, (3, block_bytes), dtype=np.uint8)
        for place in places:
            scales = generator.standard_normal(3).astype(np.float16)
            scales[2] = np.float16(6e-8)  # subnormal
            blocks[:, place:place + 2] = scales.view(np.uint8).reshape(3, 2)
        values = gguf.dequantize(blocks.reshape(1, -1), kind).astype(np.float32)
        golden[name] = {"blocks": base64.b64encode(blocks.tobytes()).decode(),
                        "values": base64.b64encode(values.tobytes()).decode()}
    (pathlib.Path(__file__).parent / "dequantize.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    make_blocks()
    make_models()
