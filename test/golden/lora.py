"""Writes test/fixtures/adapters: PEFT adapters of the tiny models, with peft's logits and gradients.

    python test/golden/lora.py            (peft, transformers 5, torch, safetensors; needs test/fixtures/models)

NAME/ is what peft's save_pretrained leaves (without its README). golden.json holds {model, input_ids, logits}, logits
of two sequences; gradients.safetensors the gradients by the factors, under the adapter file's names, of the loss
sum over sequence n, position t, id v of logits[n, t, v] sin(n + 7 t + 3 v) / 10, in float64.
InternLM2, which transformers lacks, is the same weights computed as Llama with the packed projection's product added.
"""

import json
import pathlib
import shutil

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures"
OUT = FIXTURES / "adapters"
INPUT_IDS = torch.tensor([[1, 5, 9, 33, 63, 2, 17, 40], [1, 60, 3, 3, 11, 29, 50, 8]])

CASES = {
    "llama": dict(r=3, lora_alpha=6, target_modules="all-linear"),
    "qwen2": dict(r=4, lora_alpha=6, use_rslora=True, target_modules=["q_proj", "v_proj", "up_proj", "down_proj"]),
    "qwen3": dict(r=2, lora_alpha=3, target_modules="all-linear", rank_pattern={"k_proj": 3, "layers.1.mlp.gate_proj": 1},
                  alpha_pattern={"o_proj": 5}),
}


def weights_of(logits):
    n, t, v = (torch.arange(size, dtype=torch.float64) for size in logits.shape)
    return torch.sin(n[:, None, None] + 7 * t[None, :, None] + 3 * v[None, None, :]) / 10


def write(directory, model_name, logits, gradients):
    golden = dict(model=model_name, input_ids=INPUT_IDS.tolist(),
                  logits=[[[float(f"{v:.8g}") for v in row] for row in rows] for rows in logits.tolist()])
    (directory / "golden.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    save_file({name: value.float().contiguous() for name, value in gradients.items()}, directory / "gradients.safetensors")


def randomise(parameters, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in parameters:
            parameter.copy_(0.3 * torch.randn(parameter.shape, generator=generator))


def make(name, options, seed):
    directory = OUT / name
    shutil.rmtree(directory, ignore_errors=True)
    base = AutoModelForCausalLM.from_pretrained(FIXTURES / "models" / name, dtype=torch.float32, attn_implementation="eager")
    model = get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", lora_dropout=0.0, **options))
    randomise([p for n, p in model.named_parameters() if "lora_" in n], seed)
    model.save_pretrained(directory)
    (directory / "README.md").unlink()
    # The path of the machine that made it means nothing elsewhere.
    config = json.loads((directory / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = f"test/fixtures/models/{name}"
    config["target_modules"] = sorted(config["target_modules"])
    (directory / "adapter_config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")

    base = AutoModelForCausalLM.from_pretrained(FIXTURES / "models" / name, dtype=torch.float64, attn_implementation="eager")
    model = PeftModel.from_pretrained(base, directory, is_trainable=True, autocast_adapter_dtype=False).double().eval()
    logits = model(INPUT_IDS).logits
    (logits * weights_of(logits)).sum().backward()
    gradients = {n.replace(".default", ""): p.grad for n, p in model.named_parameters() if "lora_" in n}
    assert set(gradients) == set(load_file(directory / "adapter_model.safetensors"))
    write(directory, name, logits, gradients)


def make_internlm2(seed):
    """wqkv, wo and w1..w3 adapted by hand, as peft would: W + alpha / r B A for the stored, packed weight."""
    directory = OUT / "internlm2"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    source = FIXTURES / "models" / "internlm2"
    raw = json.loads((source / "config.json").read_text())
    stored = {name: tensor.double() for name, tensor in load_file(source / "model.safetensors").items()}
    heads, groups = raw["num_attention_heads"], raw["num_key_value_heads"]
    rank, alpha = 2, 5
    names = [name[: -len(".weight")] for name in stored
             if name.startswith("model.layers.") and (".attention.w" in name or ".feed_forward." in name) and name.endswith(".weight")]
    factors = {}
    for name in names:
        out, width = stored[f"{name}.weight"].shape
        factors[f"base_model.model.{name}.lora_A.weight"] = torch.empty(rank, width)
        factors[f"base_model.model.{name}.lora_B.weight"] = torch.empty(out, rank)
    randomise(factors.values(), seed)
    save_file(factors, directory / "adapter_model.safetensors", metadata={"format": "pt"})
    config = dict(peft_type="LORA", task_type="CAUSAL_LM", base_model_name_or_path="test/fixtures/models/internlm2", r=rank,
                  lora_alpha=alpha, target_modules=sorted({name.rsplit(".", 1)[1] for name in names}), bias="none")
    (directory / "adapter_config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")

    leaves = {name: value.double().requires_grad_() for name, value in factors.items()}
    head_dim = stored["model.layers.0.attention.wqkv.weight"].shape[0] // (heads + 2 * groups)
    per_group = heads // groups
    renamed = {"model.tok_embeddings.weight": "model.embed_tokens.weight", "output.weight": "lm_head.weight"}
    inner = {"attention_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm", "attention.wo": "self_attn.o_proj",
             "feed_forward.w1": "mlp.gate_proj", "feed_forward.w3": "mlp.up_proj", "feed_forward.w2": "mlp.down_proj"}
    state = {}
    for name, tensor in stored.items():
        module, kind = name.rsplit(".", 1)
        if kind == "weight" and module in names:
            a, b = (leaves[f"base_model.model.{module}.lora_{factor}.weight"] for factor in "AB")
            tensor = tensor + alpha / rank * b @ a
        if ".attention.wqkv." in name:
            packed = tensor.reshape(groups, per_group + 2, head_dim, *tensor.shape[1:])
            prefix = name.split(".attention.")[0]
            for part, rows in (("q", packed[:, :per_group]), ("k", packed[:, per_group]), ("v", packed[:, per_group + 1])):
                state[f"{prefix}.self_attn.{part}_proj.{kind}"] = rows.reshape(-1, *tensor.shape[1:])
            continue
        target = renamed.get(name, name)
        for old, new in inner.items():
            target = target.replace(f".{old}.", f".{new}.")
        state[target] = tensor
    bias = "model.layers.0.self_attn.q_proj.bias" in state
    llama = LlamaForCausalLM(LlamaConfig(
        **{field: raw[field] for field in ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers",
                                           "num_attention_heads", "num_key_value_heads", "max_position_embeddings",
                                           "rms_norm_eps")},
        head_dim=head_dim, rope_theta=raw.get("rope_theta", 10000), rope_scaling=raw.get("rope_scaling"),
        attention_bias=bias, attn_implementation="eager",
        tie_word_embeddings=raw.get("tie_word_embeddings", False))).double().eval()
    assert set(state) == set(dict(llama.named_parameters())), set(state) ^ set(dict(llama.named_parameters()))
    logits = torch.func.functional_call(llama, state, (INPUT_IDS,)).logits
    (logits * weights_of(logits)).sum().backward()
    write(directory, "internlm2", logits, {name: leaf.grad for name, leaf in leaves.items()})


for index, (case, case_options) in enumerate(CASES.items()):
    make(case, case_options, 100 + index)
make_internlm2(200)
