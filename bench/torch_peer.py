"""PyTorch on the same models: usage: torch_peer.py [ROUNDS] [THREADS]

Trains the larger models of `microgpt bench` (no biases, RMSNorm without gain, ReLU, float32: forward,
backward, AdamW) on random tokens and prints a JSON list: model, batch, threads, tokens_per_second in
the fastest round: its threads spin, and lose most of their time where anything else runs.
"""

import json
import math
import sys
import time

try:
    import torch
    from torch import nn
    from torch.nn import functional as F
except ImportError:
    print("torch_peer.py: skipped, there is no PyTorch", file=sys.stderr)
    print("[]")
    sys.exit(0)

MODELS = [("L4 H4 C128 T64", 4, 4, 128, 64, 12), ("L4 H4 C128 T256", 4, 4, 128, 256, 4),
          ("L6 H6 C384 T256", 6, 6, 384, 256, 4)]
VOCAB = 65


def rmsnorm(x):
    return x * (x.pow(2).mean(-1, keepdim=True) + 1e-5).rsqrt()


class Block(nn.Module):
    def __init__(self, n_head, n_embd, block_size):
        super().__init__()
        self.n_head = n_head
        self.qkv = nn.Linear(n_embd, 3 * n_embd, bias=False)
        self.wo = nn.Linear(n_embd, n_embd, bias=False)
        self.fc1 = nn.Linear(n_embd, 4 * n_embd, bias=False)
        self.fc2 = nn.Linear(4 * n_embd, n_embd, bias=False)
        mask = torch.full((block_size, block_size), -math.inf).triu(1)
        self.register_buffer("mask", mask)

    def attention(self, x):
        B, T, C = x.shape
        q, k, v = (part.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
                   for part in self.qkv(x).split(C, dim=2))
        if hasattr(F, "scaled_dot_product_attention"):  # from PyTorch 2 on
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            scores = q @ k.transpose(-2, -1) * (C // self.n_head) ** -0.5 + self.mask
            mixed = scores.softmax(-1) @ v
        return self.wo(mixed.transpose(1, 2).reshape(B, T, C))

    def forward(self, x):
        x = x + self.attention(rmsnorm(x))
        return x + self.fc2(F.relu(self.fc1(rmsnorm(x))))


class Model(nn.Module):
    def __init__(self, n_layer, n_head, n_embd, block_size):
        super().__init__()
        self.wte = nn.Embedding(VOCAB, n_embd)
        self.wpe = nn.Embedding(block_size, n_embd)
        self.blocks = nn.ModuleList(Block(n_head, n_embd, block_size) for _ in range(n_layer))
        self.lm_head = nn.Linear(n_embd, VOCAB, bias=False)

    def forward(self, tokens):
        x = rmsnorm(self.wte(tokens) + self.wpe.weight)
        for block in self.blocks:
            x = block(x)
        return self.lm_head(x)


def make_step(n_layer, n_head, n_embd, block_size, batch):
    torch.manual_seed(42)
    model = Model(n_layer, n_head, n_embd, block_size)
    adam = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.85, 0.99), weight_decay=0)
    tokens = torch.randint(VOCAB, (batch, block_size + 1))

    def step():
        logits = model(tokens[:, :-1])
        loss = F.cross_entropy(logits.reshape(-1, VOCAB), tokens[:, 1:].reshape(-1))
        loss.backward()
        adam.step()
        adam.zero_grad(set_to_none=True)

    step()  # what is made at the first is not measured
    return step


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    torch.set_num_threads(threads)
    rows = []
    for name, n_layer, n_head, n_embd, block_size, batch in MODELS:
        step = make_step(n_layer, n_head, n_embd, block_size, batch)
        times = []
        for _ in range(rounds):
            start = time.perf_counter()
            step()
            times.append(time.perf_counter() - start)
        rows.append({"model": name, "batch": batch, "threads": threads, "torch": torch.__version__,
                     "tokens_per_second": batch * block_size / min(times)})
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
