"""PyTorch's models of sequences, by the names of citius-bench."""

import torch
from torch import nn
from torch.nn import functional as F

NAMES = ["embedding", "text-cnn", "lstm", "gru", "transformer", "small-gpt"]


class Attention(nn.Module):
    def __init__(self, width, heads, causal):
        super().__init__()
        self.heads, self.causal = heads, causal
        self.project = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = self.project(x).view(b, t, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        return self.output(y.transpose(1, 2).reshape(b, t, c))


def perceptron(width):
    return nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))


class EmbeddingClassifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(20_000, 128)
        self.head = nn.Linear(128, 10)

    def forward(self, x):
        return self.head(self.table(x).mean(1))


class Transformer(nn.Module):
    """An encoder block, the normalization behind."""

    def __init__(self):
        super().__init__()
        self.attention = Attention(128, 4, causal=False)
        self.norms = nn.ModuleList([nn.LayerNorm(128), nn.LayerNorm(128)])
        self.perceptron = perceptron(128)
        self.head = nn.Linear(128, 10)

    def forward(self, x):
        x = self.norms[0](x + self.attention(x))
        x = self.norms[1](x + self.perceptron(x))
        return self.head(x.mean(1))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.attention = Attention(width, heads, causal=True)
        self.perceptron = perceptron(width)

    def forward(self, x):
        x = x + self.attention(self.norms[0](x))
        return x + self.perceptron(self.norms[1](x))


class SmallGPT(nn.Module):
    def __init__(self, vocabulary=96, context=128, width=128, layers=4, heads=4):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Parameter(torch.randn(context, width) * 0.02)
        self.blocks = nn.Sequential(*[Block(width, heads) for _ in range(layers)])
        self.norm = nn.LayerNorm(width)
        nn.init.normal_(self.tokens.weight, std=0.02)

    def forward(self, x):
        x = self.blocks(self.tokens(x) + self.positions)
        # The classes' axis second, as the loss wants it.
        return (self.norm(x) @ self.tokens.weight.T).transpose(1, 2)


class TextCNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20_000, 128)
        self.convolution = nn.Conv1d(128, 128, 5)
        self.output = nn.Linear(128, 10)

    def forward(self, x):
        x = F.relu(self.convolution(self.embedding(x).transpose(1, 2)))
        return self.output(x.amax(2))


class Recurrent(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.recurrence = kind(128, 128, batch_first=True)
        self.output = nn.Linear(128, 10)

    def forward(self, x):
        return self.output(self.recurrence(x)[0][:, -1])


MODELS = {
    "embedding": EmbeddingClassifier, "text-cnn": TextCNN, "lstm": lambda: Recurrent(nn.LSTM),
    "gru": lambda: Recurrent(nn.GRU), "transformer": Transformer, "small-gpt": SmallGPT,
}
