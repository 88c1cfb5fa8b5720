"""The loop of stage one: blocks in, checkpoints out; resumes to the step, anywhere."""

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor

from ..checkpoints import FILE, optimizer_tensors, restore_optimizer, write_checkpoint
from ..halves import training_dtype
from .ask import Past, ask_loss, draw_queries
from .blocks import Blocks, draw_blocks
from .drawing import DEV_SHEETS, Drawing
from .losses import Classes, letter_loss, piece_loss, silence_loss, text_loss
from .measure import Reading, reading
from .optimizers import optimizers
from .parallel import Team
from .pieces import special_ids
from .plan import Plan, rate_at
from .reader import Reader, block_positions, normalised, text_turns
from .shape import Shape


class Trainer:
    """A reader, its optimizers and the step they are at."""

    def __init__(
        self,
        shape: Shape,
        tokenizer: Tokenizer,
        texts: Sequence[str],
        plan: Plan,
        folder: Path,
        prior: np.ndarray,
        weights: np.ndarray,
        compiled: bool = True,
    ) -> None:
        """`prior` [pieces] is the log share of each: learnt as a bias it would take thousands of
        steps, in which rows learn to be common words. `weights` [pieces] is how much each counts
        in a query. `compiled` fuses the passes: half a minute of waiting, then 1.3 times the
        speed.
        """
        torch.manual_seed(plan.seed)
        self.shape, self.tokenizer, self.texts, self.plan = shape, tokenizer, texts, plan
        self.folder, self.team = folder, Team.join()
        ids = special_ids(tokenizer)
        self.reader = Reader(shape, ids)
        self.reader.prior.data.copy_(torch.from_numpy(prior))
        self.optimizers = optimizers(self.reader, plan)
        self.weights = torch.from_numpy(weights)
        self.past = Past(plan.past, shape.vocabulary)
        self.step = 0
        self.half = training_dtype()
        self.block_turns = text_turns(self.reader.model, block_positions(shape))
        line = torch.arange(33).expand(3, -1)
        self.text_turns = text_turns(self.reader.model, line)
        self.query, self.document = ids["<|query|>"], ids["<|document|>"]
        self.rows_of_blocks = self.reader.rows_of_blocks
        self.rows_of_text = self.reader.rows_of_text
        if compiled:
            self.rows_of_blocks = torch.compile(self.rows_of_blocks, dynamic=False)
            self.rows_of_text = torch.compile(self.rows_of_text, dynamic=False)

    def classes(self) -> Classes:
        return Classes(self.reader.piece_rows(), self.reader.scale.exp(), self.reader.prior)

    def _pixels(self, blocks: Blocks) -> Tensor:
        return normalised(blocks.pixels, self.half)

    def _text(self, step: int) -> Tensor:
        rng = np.random.default_rng((self.plan.seed, step, 7 + self.team.rank))
        out = np.zeros((16, 33), np.int64)
        for row in out:
            text = self.texts[int(rng.integers(len(self.texts)))]
            start = int(rng.integers(max(1, len(text) - 200)))
            ids = self.tokenizer.encode(text[start : start + 220], add_special_tokens=False).ids
            row[0] = self.query if rng.random() < 0.5 else self.document
            row[1 : 1 + len(ids[1:33])] = ids[1:33]  # the first piece may be half a word
        return torch.from_numpy(out)

    def _ask(self, rows: Tensor, blocks: Blocks) -> Tensor:
        rng = np.random.default_rng((self.plan.seed, self.step, 9 + self.team.rank))
        asked = draw_queries(blocks.pieces, rng)
        ids = np.insert(asked.pieces, 0, self.query, axis=1)
        query_rows = self.rows_of_text(torch.from_numpy(ids), self.text_turns.to(self.half))
        held, says = self.past.held(rows, torch.from_numpy(blocks.pieces))
        return ask_loss(query_rows[:, 1:], asked, self.weights, held, says)

    def learn(self, blocks: Blocks) -> dict[str, float]:
        """One step; the losses before it."""
        plan, ids = self.plan, self._text(self.step)
        pieces, letters = torch.from_numpy(blocks.pieces), torch.from_numpy(blocks.letters)
        with torch.autocast("cpu", self.half, enabled=self.half != torch.float32):
            rows, letter_logits = self.rows_of_blocks(self._pixels(blocks), self.block_turns)
            text_rows = self.rows_of_text(ids, self.text_turns.to(self.half))
            classes = self.classes()
            losses = {
                "piece": piece_loss(rows, pieces, classes),
                "letter": letter_loss(letter_logits.float(), letters),
                "silence": silence_loss(rows, torch.from_numpy(blocks.silent), classes, 128),
                "text": text_loss(text_rows, ids, classes),
            }
            if plan.ask_weight:
                losses["ask"] = self._ask(rows, blocks)
        loss = (
            losses["piece"]
            + plan.letter_weight * losses["letter"]
            + plan.silence_weight * losses["silence"]
            + plan.text_weight * losses["text"]
            + plan.ask_weight * losses.get("ask", 0.0)
        )
        loss.backward()  # type: ignore[no-untyped-call]
        self.team.average(self.reader.parameters())
        torch.nn.utils.clip_grad_norm_(self.reader.parameters(), 5.0)
        share = rate_at(plan, self.step)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["full_rate"] * share
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.step += 1
        return {name: value.item() for name, value in losses.items()}

    @torch.no_grad()
    def measure(self, blocks: Blocks) -> Reading:
        parts = []
        classes = self.classes()
        for i in range(0, len(blocks), self.plan.batch):
            some = blocks.pick(range(i, i + self.plan.batch))
            with torch.autocast("cpu", self.half, enabled=self.half != torch.float32):
                # Not the compiled pass: without gradients it would be compiled anew.
                rows, _ = self.reader.rows_of_blocks(self._pixels(some), self.block_turns)
            parts.append(reading(rows.float(), torch.from_numpy(some.pieces), classes))
        n = sum(p.pieces for p in parts)
        return Reading(
            sum(p.first * p.pieces for p in parts) / n,
            sum(p.among_eight * p.pieces for p in parts) / n,
            n,
        )

    def save(self) -> None:
        """Weights and optimizer state; the old file stays whole until the new one is."""
        if not self.team.leads:
            return
        tensors = {f"reader.{k}": v.contiguous() for k, v in self.reader.state_dict().items()}
        for i, optimizer in enumerate(self.optimizers):
            tensors |= optimizer_tensors(optimizer, f"optimizer.{i}.")
        about = {"step": str(self.step), "plan": json.dumps(asdict(self.plan))}
        write_checkpoint(self.folder, tensors, about)

    def resume(self) -> bool:
        """Go on from the folder's checkpoint, if there is one."""
        from safetensors import safe_open

        path = self.folder / FILE
        if not path.exists():
            return False
        with safe_open(path, "pt") as file:
            self.step = int(file.metadata()["step"])
        tensors = load_file(path)
        own = {k[7:]: v for k, v in tensors.items() if k.startswith("reader.")}
        self.reader.load_state_dict(own)
        for i, optimizer in enumerate(self.optimizers):
            restore_optimizer(optimizer, tensors, f"optimizer.{i}.")
        return True


def train(
    trainer: Trainer, tell: Callable[[str], None], workers: int = 1, seconds: float = math.inf
) -> None:
    """Train until the plan's last step or until time is up; checkpoint every 250 steps."""
    drawing = Drawing(
        trainer.texts,
        trainer.tokenizer.to_str(),
        trainer.shape,
        trainer.plan,
        workers,
        trainer.team,
    )
    trainer.folder.mkdir(parents=True, exist_ok=True)
    log = (trainer.folder / "log.jsonl").open("a")
    try:
        dev = drawing.pool.submit(draw_blocks, 1, range(DEV_SHEETS, DEV_SHEETS + 20), 1.0).result()
        start, began, first = time.monotonic(), time.monotonic(), trainer.step
        sums: dict[str, float] = {}
        summed = 0
        for blocks in drawing.batches(trainer.step):
            time_is_up = trainer.team.any(time.monotonic() - start > seconds)
            if trainer.step >= trainer.plan.steps or time_is_up:
                break
            summed += 1
            for name, value in trainer.learn(blocks).items():
                sums[name] = sums.get(name, 0) + value
            if trainer.step % 50 == 0 and trainer.team.leads:
                speed = (trainer.step - first) / (time.monotonic() - began)
                left = (trainer.plan.steps - trainer.step) / speed / 60
                means = {name: value / summed for name, value in sums.items()}
                losses = " ".join(f"{k} {v:.3f}" for k, v in means.items())
                tell(
                    f"step {trainer.step}/{trainer.plan.steps} {losses} "
                    f"{speed * trainer.plan.batch:.1f} blocks/s, {left:.0f} min left"
                )
                log.write(json.dumps({"step": trainer.step, **means}) + "\n")
                sums, summed = {}, 0
            if trainer.step % 250 == 0:
                trainer.save()
            if trainer.step % 500 == 0 and trainer.team.leads:
                now = trainer.measure(dev)
                tell(f"step {trainer.step} reads {now.first:.3f} first, {now.among_eight:.3f} of 8")
                log.write(
                    json.dumps({"step": trainer.step, "first": now.first, "eight": now.among_eight})
                    + "\n"
                )
                log.flush()
    finally:
        trainer.save()
        drawing.close()
        log.close()
