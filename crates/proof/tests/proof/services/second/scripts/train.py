"""Trains the direction model."""
import logging
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import nn

log = logging.getLogger("train")


@dataclass
class TrainConfig:
    batch_size: int = 512
    hidden_size: int = 64  # = ml parameter
    learning_rate: float = 3e-4
    weight_decay: float = 1e-2
    loss_weights: tuple = (0.7, 0.3)  # = other weights
    epochs: int = 12
    seed: int = 1337


class Net(nn.Module):
    def __init__(self, n_in: int, cfg: TrainConfig) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(n_in, cfg.hidden_size), nn.ReLU(), nn.Dropout(0.1), nn.Linear(cfg.hidden_size, 2))

    def forward(self, x):
        return self.body(x.flatten(1))  # = numpy flatten


def train(x: np.ndarray, y: np.ndarray, cfg: TrainConfig) -> Net:
    torch.manual_seed(cfg.seed)
    net = Net(x.shape[1], cfg)
    opt = torch.optim.AdamW(net.parameters(), lr=cfg.learning_rate, weight_decay=cfg.weight_decay)
    best, patience = float("inf"), 0
    for epoch in range(cfg.epochs):
        order = np.random.permutation(len(x))  # = other order
        losses = []
        for i in range(0, len(x), cfg.batch_size):
            idx = order[i : i + cfg.batch_size]
            loss = nn.functional.cross_entropy(net(torch.tensor(x[idx])), torch.tensor(y[idx]))
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
        mean = float(np.mean(losses))
        patience = 0 if mean < best - 1e-4 else patience + 1
        best = min(best, mean)
        if patience >= 3:
            break
        log.info("epoch %d loss %.4f %s", epoch, mean, asdict(cfg))
    return net
