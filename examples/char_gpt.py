"""A small GPT learns to spell like Shakespeare, character by character, from thirteen sonnets.

python examples/char_gpt.py
"""

from __future__ import annotations

import math
from pathlib import Path

from show import Figure, track

import tinygrad_lite as torch
from tinygrad_lite import nn
from tinygrad_lite.nn import functional as F

STEPS, BATCH, CONTEXT = 500, 16, 40
WIDTH, HEADS, BLOCKS = 64, 4, 2
torch.manual_seed(0)

# Thirteen sonnets, printed in 1609; see texts/README.md.
text = (Path(__file__).parent / "texts" / "sonnets.txt").read_text(encoding="utf-8")
letters = sorted(set(text))
code = {letter: i for i, letter in enumerate(letters)}
data = torch.tensor([code[letter] for letter in text])


class Block(nn.Module):
    """Every character looks back at earlier ones, then thinks about what it saw."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.mlp = nn.Sequential(
            nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, length, _ = x.shape
        qkv = self.qkv(self.norm1(x)).view(n, length, 3, HEADS, WIDTH // HEADS)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(seen.transpose(1, 2).reshape(n, length, WIDTH))
        return x + self.mlp(self.norm2(x))


class GPT(nn.Module):
    """The logits of the next character, at every place of a text."""

    def __init__(self) -> None:
        super().__init__()
        self.letter = nn.Embedding(len(letters), WIDTH)
        self.place = nn.Embedding(CONTEXT, WIDTH)
        self.blocks = nn.Sequential(*(Block() for _ in range(BLOCKS)))
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, len(letters))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.letter(x) + self.place(torch.arange(x.shape[1]))
        return self.head(self.norm(self.blocks(x)))

    @torch.no_grad()
    def write(self, start: str, count: int, temperature: float = 0.7) -> str:
        """Continue a text by `count` characters."""
        written = [code[letter] for letter in start]
        for _ in range(count):
            logits = self(torch.tensor([written[-CONTEXT:]]))[0, -1]
            chances = F.softmax(logits / temperature, dim=-1)
            written.append(torch.multinomial(chances, 1).item())
        return "".join(letters[i] for i in written)


model = GPT()
optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.01)
scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1e-2, total_steps=STEPS)

losses = []
for _ in (bar := track(STEPS)):
    starts = torch.randint(len(data) - CONTEXT, (BATCH, 1))
    pieces = data[starts + torch.arange(CONTEXT + 1)]
    logits = model(pieces[:, :-1])
    loss = F.cross_entropy(logits.flatten(0, 1), pieces[:, 1:].flatten())
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    scheduler.step()
    losses.append(loss.item())
    bar.note(loss=losses[-1])

poem = model.write("When ", 420)
print(poem)

figure = Figure(f"A GPT of {sum(p.numel() for p in model.parameters()):,} parameters")
panel = figure.panel("Loss", "step", "nats per character")
panel.line(range(1, STEPS + 1), losses)
panel.line([1, STEPS], [math.log(len(letters))] * 2, "guessing", dashed=True)
figure.panel("What it writes after 500 steps").words(poem.splitlines())
figure.save("char_gpt.svg")
if losses[-1] > 2:
    raise SystemExit("something is wrong: a loss below 1.6 is usual here")
