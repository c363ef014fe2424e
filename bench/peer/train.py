"""TRL's GRPOTrainer, one optimizer step per request: rollout, rewards, forward, backward, AdamW."""
import random
import tempfile

from wire import answer, clocks, load, receive, since, versions

settings = receive()

import torch
import trl
from datasets import Dataset
from transformers import TrainerCallback
from trl import GRPOConfig, GRPOTrainer

torch.set_num_threads(settings["threads"])
model, tokenizer = load(settings["model"])
tokens = 0


def reward(completion_ids, **_):
    """Random, so that every completion has an advantage and nothing may be skipped."""
    global tokens
    tokens = sum(len(ids) for ids in completion_ids)
    return [random.random() for _ in completion_ids]


class Turns(TrainerCallback):
    """A step begins when it is asked for."""

    def on_step_begin(self, *_, **__):
        if receive().get("end"):
            raise SystemExit(0)
        self.began = clocks()

    def on_step_end(self, *_, **__):
        answer({**since(self.began), "tokens": tokens})


# Nothing is saved there; it goes when the process ends.
scratch = tempfile.TemporaryDirectory()
config = GRPOConfig(
    output_dir=scratch.name,
    use_cpu=True,
    bf16=False,
    gradient_checkpointing=False,
    per_device_train_batch_size=settings["prompts"] * settings["samples"],
    num_generations=settings["samples"],
    max_completion_length=settings["length"],
    generation_kwargs={"min_new_tokens": settings["length"]} if settings["equal"] else {},
    temperature=1.0,
    beta=0.0,
    learning_rate=settings["lr"],
    lr_scheduler_type="constant",
    max_grad_norm=1.0,
    max_steps=1000,
    save_strategy="no",
    logging_strategy="no",
    report_to="none",
    shuffle_dataset=False,
)
rows = [{"prompt": [{"role": "user", "content": text}]} for text in settings["questions"]]
trainer = GRPOTrainer(
    model=model,
    reward_funcs=reward,
    args=config,
    train_dataset=Dataset.from_list(rows),
    processing_class=tokenizer,
    callbacks=[Turns()],
)
answer({**versions(), "trl": trl.__version__})
trainer.train()
