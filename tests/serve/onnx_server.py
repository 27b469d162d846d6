# The same service by ONNX Runtime on the CPU, for tests/serve/load.ts: POST a PNG, get the classes.
# python onnx_server.py model.onnx SIDE CHANNELS PORT
import io
import json
import sys

import numpy as np
import onnxruntime
import uvicorn
from PIL import Image

path, side, channels, port = sys.argv[1], *map(int, sys.argv[2:5])
session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
name = session.get_inputs()[0].name


def classes(body):
    picture = Image.open(io.BytesIO(body)).convert("L" if channels == 1 else "RGB")
    shorter = min(picture.size)
    size = [round(side * each / shorter) for each in picture.size]
    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    picture = picture.resize(size, Image.BILINEAR).crop((left, top, left + side, top + side))
    pixels = np.asarray(picture, np.float32).reshape(side, side, channels) / 255
    logits = session.run(None, {name: pixels.transpose(2, 0, 1)[None]})[0][0]
    shares = np.exp(logits - logits.max())
    shares /= shares.sum()
    best = np.argsort(-shares)[:5]
    return [{"index": int(i), "probability": float(shares[i])} for i in best]


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        event = await receive()
        body += event.get("body", b"")
        more = event.get("more_body", False)
    answer = json.dumps({"classes": classes(body)}).encode()
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")
