"""Prints how long torchvision's networks take on the CPU: a forward pass of one image, and a training
step with Adam on one image, as `deno task bench --only zoo` has them. Medians in milliseconds.

    python tests/zoo/torch_times.py mobilenet_v2 shufflenet_v2_x1_0 efficientnet_b0
"""

import statistics
import sys
import time

import torch
import torchvision


def median(work, count=10):
    work()
    times = []
    for _ in range(count):
        start = time.perf_counter()
        work()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def main(names):
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    for name in names:
        torch.manual_seed(0)
        model = torchvision.models.get_model(name, weights=None)
        image = torch.rand(1, 3, 224, 224)
        model.eval()
        with torch.no_grad():
            forward = median(lambda: model(image))
        model.train()
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
        labels = torch.tensor([1])

        def step():
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(image), labels).backward()
            optimizer.step()

        print(f"{name}: forward {forward:.1f}, step {median(step, 5):.1f}")


if __name__ == "__main__":
    main(sys.argv[1:])
