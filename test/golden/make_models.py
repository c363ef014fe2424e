"""Writes test/fixtures/models: tiny random models of every family, with transformers' logits as golden.json.

    python test/golden/make_models.py            (transformers 5, torch, safetensors, sentencepiece, gguf)

Every directory is a Hugging Face model directory. golden.json holds {input_ids, logits}: float32 logits of
transformers' own implementation, rounded to 7 significant digits. InternLM2, which transformers lacks, is the same
weights computed as Llama; only its file is packed. Weights are drawn wide (norms about 1, matrices with a standard
deviation of 0.3), so that a wrong bias, norm or rotation moves the logits visibly.
"""

import json
import pathlib
import shutil

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, InternLM3Config, LlamaConfig, Qwen2Config, Qwen3Config

ROOT = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "models"
VOCAB = 64
SHAPE = dict(vocab_size=VOCAB, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
             num_key_value_heads=1, head_dim=16, max_position_embeddings=64, rms_norm_eps=1e-5,
             bos_token_id=1, eos_token_id=2, pad_token_id=0)
INPUT_IDS = [[1, 5, 9, 33, 63, 2, 17, 40, 40, 7, 0, 21], [1, 60, 3, 3, 11, 29, 50, 8, 44, 12, 38, 6]]


def seven_digits(value):
    return float(f"{value:.7g}")


def logits_of(model, input_ids=INPUT_IDS):
    with torch.no_grad():
        logits = model(torch.tensor(input_ids)).logits.float()
    return [[[seven_digits(v) for v in row] for row in rows] for rows in logits.tolist()]


def write_golden(directory, model, input_ids=INPUT_IDS):
    golden = {"input_ids": input_ids, "logits": logits_of(model, input_ids)}
    (directory / "golden.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")


def randomise(model, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(1 + 0.2 * noise if "norm" in name else 0.3 * noise)
    return model.eval()


def build(config, seed, dtype=torch.float32):
    """A random model; in a half dtype the weights are rounded (not the rotary frequencies), and still computed with in float32."""
    model = randomise(AutoModelForCausalLM.from_config(config, attn_implementation="eager"), seed)
    for parameter in model.parameters():
        parameter.data = parameter.data.to(dtype).float()
    return model


def fresh(name):
    directory = ROOT / name
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


def edit_json(path, change):
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value, indent=2) + "\n")


def make(name, config, seed, dtype=torch.float32, **save):
    directory = fresh(name)
    model = build(config, seed, dtype)
    write_golden(directory, model)
    model.to(dtype).save_pretrained(directory, **save)
    return directory


def old_style_rope(config):
    """rope_theta and rope_scaling at the top level, as every config had it before transformers 5."""
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    config["rope_scaling"] = None if rope["rope_type"] == "default" else rope


def llama(**fields):
    return LlamaConfig(**{**SHAPE, **fields})


def rope(rope_type, **fields):
    return {"rope_type": rope_type, "rope_theta": 100.0, **fields}


def make_internlm2():
    """InternLM2: wqkv packed per group of heads that share a key as [q..., k, v]; w1 = gate, w3 = up, w2 = down."""
    directory = fresh("internlm2")
    shape = {**SHAPE, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 4}
    model = build(llama(**{**shape, "rope_parameters": rope("dynamic", factor=2.0)}), 11)
    write_golden(directory, model)
    state = model.state_dict()
    groups, per_group, head_dim, hidden = 2, 2, 4, shape["hidden_size"]
    tensors = {"model.tok_embeddings.weight": state["model.embed_tokens.weight"],
               "model.norm.weight": state["model.norm.weight"], "output.weight": state["lm_head.weight"]}
    for layer in range(shape["num_hidden_layers"]):
        old, new = f"model.layers.{layer}.", f"model.layers.{layer}."
        q = state[old + "self_attn.q_proj.weight"].view(groups, per_group, head_dim, hidden)
        k = state[old + "self_attn.k_proj.weight"].view(groups, 1, head_dim, hidden)
        v = state[old + "self_attn.v_proj.weight"].view(groups, 1, head_dim, hidden)
        tensors[new + "attention.wqkv.weight"] = torch.cat([q, k, v], dim=1).reshape(-1, hidden)
        tensors[new + "attention.wo.weight"] = state[old + "self_attn.o_proj.weight"]
        tensors[new + "feed_forward.w1.weight"] = state[old + "mlp.gate_proj.weight"]
        tensors[new + "feed_forward.w3.weight"] = state[old + "mlp.up_proj.weight"]
        tensors[new + "feed_forward.w2.weight"] = state[old + "mlp.down_proj.weight"]
        tensors[new + "attention_norm.weight"] = state[old + "input_layernorm.weight"]
        tensors[new + "ffn_norm.weight"] = state[old + "post_attention_layernorm.weight"]
    save_file({name: t.clone().contiguous() for name, t in tensors.items()}, directory / "model.safetensors",
              metadata={"format": "pt"})
    config = {"architectures": ["InternLM2ForCausalLM"], "attn_implementation": "eager",
              "auto_map": {"AutoConfig": "configuration_internlm2.InternLM2Config",
                           "AutoModelForCausalLM": "modeling_internlm2.InternLM2ForCausalLM"},
              "bias": False, "hidden_act": "silu", "initializer_range": 0.02, "model_type": "internlm2",
              "rope_scaling": {"type": "dynamic", "factor": 2.0}, "rope_theta": 100, "tie_word_embeddings": False,
              "torch_dtype": "float32", "use_cache": True, **{k: v for k, v in shape.items() if k != "head_dim"}}
    (directory / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    (directory / "generation_config.json").write_text(json.dumps({"bos_token_id": 1, "eos_token_id": [2, 60]}) + "\n")


def make_internlm3():
    """The hub's InternLM3 config: qkv_bias, bias, rope_scaling. transformers computes it as Llama."""
    config = InternLM3Config(**{**SHAPE, "attention_bias": True, "mlp_bias": True,
                                "rope_parameters": rope("dynamic", factor=6.0)})
    directory = make("internlm3", config, 12)

    def as_on_the_hub(value):
        old_style_rope(value)
        value["qkv_bias"], value["bias"] = value.pop("attention_bias"), value.pop("mlp_bias")
        value["architectures"] = ["InternLM3ForCausalLM"]

    edit_json(directory / "config.json", as_on_the_hub)


def main():
    gqa = {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 4}
    edit_json(make("llama", llama(**gqa), 1) / "config.json", old_style_rope)
    make("llama-tied-biases", llama(tie_word_embeddings=True, attention_bias=True, mlp_bias=True), 2)
    make("llama-rope-llama3", llama(rope_parameters=rope(
        "llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=16)), 3)
    directory = make("llama-rope-linear", llama(rope_parameters=rope("linear", factor=4.0)), 4)
    edit_json(directory / "config.json", old_style_rope)
    make("llama-rope-dynamic", llama(rope_parameters=rope("dynamic", factor=2.0)), 5)
    make("llama-rope-yarn", llama(rope_parameters=rope(
        "yarn", factor=4.0, original_max_position_embeddings=16)), 6)
    make("llama-rope-yarn-mscale", llama(rope_parameters=rope(
        "yarn", factor=4.0, original_max_position_embeddings=16, beta_fast=16.0, beta_slow=2.0, mscale=0.7,
        mscale_all_dim=1.2, truncate=False)), 13)
    make("llama-sharded-bf16", llama(**gqa), 7, torch.bfloat16, max_shard_size="6KB")
    make("llama-f16", llama(**gqa), 14, torch.float16)
    no_head_dim = {k: v for k, v in SHAPE.items() if k != "head_dim"}
    make("qwen2", Qwen2Config(**no_head_dim, use_sliding_window=False, sliding_window=8), 8)
    make("qwen2-tied", Qwen2Config(**{**no_head_dim, "num_attention_heads": 4}, tie_word_embeddings=True), 9)
    make("qwen3", Qwen3Config(**{**SHAPE, "num_attention_heads": 3}, tie_word_embeddings=True), 10)
    make("qwen3-biases", Qwen3Config(**SHAPE, attention_bias=True), 15)
    make_internlm2()
    make_internlm3()


if __name__ == "__main__":
    main()
