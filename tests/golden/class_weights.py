"""Writes class_weights.json: PyTorch's weighted cross-entropy and its gradient."""
import json
import pathlib

import torch

torch.manual_seed(0)
N, CLASSES = 7, 5
logits = (3 * torch.randn(N, CLASSES)).requires_grad_()
labels = torch.randint(CLASSES, (N,))
weights = torch.rand(CLASSES) * 4 + 0.1
loss = torch.nn.functional.cross_entropy(logits, labels, weight=weights)
loss.backward()
numbers = {
    "logits": logits.tolist(),
    "labels": labels.tolist(),
    "weights": weights.tolist(),
    "loss": loss.item(),
    "gradient": logits.grad.tolist(),
}
path = pathlib.Path(__file__).with_name("class_weights.json")
path.write_text(json.dumps(numbers) + "\n")
