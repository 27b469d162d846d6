"""A process of the bench in Python: does one job, given as JSON, and prints each result as a line of
JSON, as worker.ts does. Needs the peer's packages: torch and torchvision, onnx and onnxruntime, or
tinygrad and dawn-python.
"""

import importlib
import json
import math
import resource
import sys
import time

MODULES = {
    "torch-cpu": "torch_peer",
    "onnxruntime-cpu": "onnxruntime_peer",
    "tinygrad-webgpu": "tinygrad_peer",
}

# A call that takes longer than so many samples is timed once, as measure.ts has it.
LONG = 30


VERSION = {}


def say(line):
    print("@bench " + json.dumps({**line, **VERSION}), flush=True)


def timed(call):
    began = time.perf_counter()
    result = call()
    return 1e3 * (time.perf_counter() - began), result


def median(values):
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def sample(run, job):
    """Samples of a repeated call, as measure.ts takes them, and the first call's numbers."""
    first, check = timed(lambda: run(1))
    single, _ = timed(lambda: run(1))
    if single > LONG * job["sampleMs"]:
        return {"times": [single], "first": first, "single": single, "check": check}
    calls = min(200, max(1, math.ceil(job["sampleMs"] / max(single, 0.01))))
    times = [timed(lambda: run(calls))[0] / calls for _ in range(job["samples"])]
    return {"times": times, "first": first, "single": single, "check": check}


def time_job(peer, job):
    for kind in job["kinds"]:
        run = peer.prepare(job["network"], job["batchSize"], kind == "training")
        result = sample(run, job)
        rss = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        say({"kind": kind, **result, "rss": rss})


def agree_job(peer, job):
    outputs = peer.prepare(job["network"], 4, False)(1)
    losses = []
    if getattr(peer, "TRAINS", True):
        run = peer.prepare(job["network"], 4, True)
        losses = [run(1)[0] for _ in range(3)]
    say({"outputs": outputs, "losses": losses})


def zoo_job(peer, job):
    for name in job["models"]:
        try:
            forward, step = peer.zoo(name)
            line = {"model": name}
            forward()
            line["forwardMs"] = median([timed(forward)[0] for _ in range(7)])
            if step is not None:
                step()
                line["stepMs"] = median([timed(step)[0] for _ in range(4)])
            say(line)
        except KeyError:
            say({"model": name, "reason": "torchvision has no such network"})


if __name__ == "__main__":
    job = json.loads(sys.argv[1])
    try:
        peer = importlib.import_module(MODULES[job["peer"]])
        VERSION["version"] = peer.VERSION
        {"time": time_job, "agree": agree_job, "zoo": zoo_job}[job["job"]](peer, job)
    except ModuleNotFoundError as error:
        say({"error": f"absent: this Python ({sys.executable}) has no package {error.name}"})
    except Exception as error:  # The bench prints it beside the figures of the others.
        say({"error": f"{type(error).__name__}: {error}"})
