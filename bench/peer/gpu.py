"""transformers on a randomly initialised shape: generate, and one policy-gradient step of AdamW, a round per request."""
from wire import answer, receive, versions

settings = receive()

import time

import torch
from transformers import AutoModelForCausalLM, LlamaConfig, Qwen2Config

device, shape = torch.device(settings["device"]), settings["config"]
kind = LlamaConfig if shape["family"] == "llama" else Qwen2Config
config = kind(
    vocab_size=shape["vocabSize"],
    hidden_size=shape["hiddenSize"],
    intermediate_size=shape["intermediateSize"],
    num_hidden_layers=shape["layers"],
    num_attention_heads=shape["heads"],
    num_key_value_heads=shape["kvHeads"],
    max_position_embeddings=shape["maxPositionEmbeddings"],
    tie_word_embeddings=shape["tieWordEmbeddings"],
    rms_norm_eps=shape["rmsNormEps"],
    bos_token_id=None,
    eos_token_id=None,
    pad_token_id=0,
)
torch.manual_seed(0)
with torch.device(device):
    model = AutoModelForCausalLM.from_config(config, dtype=getattr(torch, settings["dtype"]), attn_implementation="sdpa")
if settings["activationCheckpointing"]:
    model.gradient_checkpointing_enable()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6, weight_decay=0.0)
length, prompts = settings["length"], settings["prompts"]
ids = torch.tensor([prompt for prompt in prompts for _ in range(8)], device=device)


def seconds(work):
    if device.type == "cuda":
        torch.cuda.synchronize()
    began = time.perf_counter()
    result = work()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began, result


def sample():
    model.eval()
    parts = [
        model.generate(
            input_ids=part,
            attention_mask=torch.ones_like(part),
            do_sample=True,
            temperature=1.0,
            top_k=0,
            top_p=1.0,
            min_new_tokens=length,
            max_new_tokens=length,
            pad_token_id=0,
        )
        for part in ids.split(settings["rows"])
    ]
    return torch.cat(parts)


def train(sequences):
    """Equal lengths, so that nothing is padded; micro-batches of as many tokens as ours."""
    model.train()
    width = sequences.shape[1]
    advantages = torch.tensor([1.0, -1.0], device=device).repeat(len(sequences) // 2)[:, None]
    micro = max(1, settings["tokenBudget"] // width)
    for part, advantage in zip(sequences.split(micro), advantages.split(micro)):
        logits = model(input_ids=part, use_cache=False, logits_to_keep=length + 1).logits[:, :-1].float()
        taken = logits.log_softmax(-1).gather(-1, part[:, -length:, None]).squeeze(-1)
        (-(advantage * taken).sum() / (len(sequences) * length)).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


answer({**versions(), "parameters": model.num_parameters()})
while not receive().get("end"):
    sampling, sequences = seconds(sample)
    training, _ = seconds(lambda: train(sequences))
    peak = torch.cuda.max_memory_reserved(device) if device.type == "cuda" else None
    answer({"sampling": sampling, "training": training, "peak_reserved_bytes": peak})
