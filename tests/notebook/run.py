"""Runs the notebooks of examples/notebooks from their first cell to the last, by Deno's kernel.

python run.py [--write] [NAME …]    # --write keeps the new output in the notebooks

Compares what each cell shows with what the notebook holds: the kinds of its pictures, and its texts,
in which numbers may differ. Needs nbclient (pip install nbclient).
"""

import json
import os
import pathlib
import queue
import re
import sys
import tempfile

import nbformat
from jupyter_core.utils import ensure_async
from nbclient import NotebookClient

folder = pathlib.Path(__file__).parent.parent.parent / "examples" / "notebooks"
write = "--write" in sys.argv
names = [each for each in sys.argv[1:] if each != "--write"]



class Client(NotebookClient):
    """Deno's kernel (2.9.6) may send a cell's result after it said that it is idle."""

    async def _async_poll_output_msg(self, parent_msg_id, cell, cell_index):
        await super()._async_poll_output_msg(parent_msg_id, cell, cell_index)
        while True:
            try:
                message = await ensure_async(self.kc.iopub_channel.get_msg(timeout=2))
            except queue.Empty:
                return
            if message["parent_header"].get("msg_id") == parent_msg_id:
                self.process_message(message, cell, cell_index)


# The kernel is found here, and not installed for the user.
data = tempfile.mkdtemp()
os.environ["JUPYTER_DATA_DIR"] = data
kernel = pathlib.Path(data) / "kernels" / "deno"
kernel.mkdir(parents=True)
argv = ["deno", "jupyter", "--kernel", "--conn", "{connection_file}"]
spec = {"argv": argv, "display_name": "Deno", "language": "typescript"}
(kernel / "kernel.json").write_text(json.dumps(spec))


def shown(cell):
    """The kinds of what a cell shows, and its texts without their numbers."""
    found = []
    for output in cell.get("outputs", []):
        if output["output_type"] == "stream":
            text = re.sub(r"\d+(\.\d+)?", "0", output["text"])
            found.append(("text", re.sub(r"\s+", " ", text).strip()))
        elif output["output_type"] == "error":
            found.append(("error", output["evalue"]))
        else:
            found.append(("shown", sorted(output["data"])))
    return found


failed = 0
for path in sorted(folder.glob("*.ipynb")):
    if names and path.stem not in names:
        continue
    notebook = nbformat.read(path, as_version=4)
    held = [shown(cell) for cell in notebook.cells]
    client = Client(
        notebook,
        timeout=900,
        iopub_timeout=120,
        kernel_name="deno",
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    new = [shown(cell) for cell in notebook.cells]
    differ = [i for i, pair in enumerate(zip(held, new)) if pair[0] != pair[1]]
    print(f"{path.name}: {len(new)} cells, {'the same' if not differ else f'other: {differ}'}")
    for i in [] if write else differ:
        print(f"  cell {i} was {held[i]}\n  cell {i} is {new[i]}")
    if write:
        for cell in notebook.cells:
            cell.get("metadata", {}).pop("execution", None)
        nbformat.write(notebook, path)
    elif differ:
        failed += 1
sys.exit(1 if failed else 0)
