"""Archives by Python's tarfile, webdataset and GNU tar: tests/golden/tars.json.

    /tmp/venv/bin/pip install webdataset && /tmp/venv/bin/python tests/golden/tars.py
"""

import base64
import gzip
import io
import json
import pathlib
import struct
import subprocess
import tarfile
import tempfile
import zlib

import webdataset


def png(gray):
    """A PNG file of 2 x 2 pixels of one gray."""

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", 2, 2, 8, 0, 0, 0, 0)
    rows = bytes([0, gray, gray]) * 2
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(
        b"IDAT", zlib.compress(rows)
    ) + chunk(b"IEND", b"")


LONG = "a folder with a long name/" * 12 + "x" * 120
FILES = {
    "0001.png": png(1),
    "0001.cls": b"0",
    "0002.png": png(2),
    "0002.cls": b"1\n",
    f"{LONG}.png": png(3),
    f"{LONG}.cls": b"1",
    "Katze/süß.png": png(4),
    "Katze/süß.cls": b"0",
    "../../etc/passwd.png": png(5),
    "../../etc/passwd.cls": b"0",
    "/absolute.png": png(6),
    "/absolute.cls": b"1",
}


def by_tarfile(format, files=FILES):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as tar:
        folder = tarfile.TarInfo("Katze")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("link.png")
        link.type = tarfile.SYMTYPE
        link.linkname = "/etc/passwd"
        tar.addfile(link)
    return out.getvalue()


def by_webdataset():
    out = io.BytesIO()
    with webdataset.TarWriter(out, encoder=False) as writer:
        for i in range(5):
            label = {"cls": str(i % 3).encode()} if i < 3 else {
                "json": json.dumps({"label": i % 3, "from": [1]}).encode()
            }
            writer.write({"__key__": f"train/{i:06d}", "png": png(10 * i), **label})
    return out.getvalue()


def by_gnu_tar(*options):
    with tempfile.TemporaryDirectory() as folder:
        names = [name for name in FILES if name[0] not in "./"]
        for name in names:
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(FILES[name])
        return subprocess.run(
            ["tar", *options, "-cf", "-", *names], cwd=folder, check=True, capture_output=True
        ).stdout


def sparse():
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/hole.png", "wb") as file:
            file.truncate(1 << 20)
            file.seek(1 << 19)
            file.write(b"x")
        return [
            subprocess.run(
                ["tar", f"--format={format}", "-Scf", "-", "hole.png"],
                cwd=folder, check=True, capture_output=True,
            ).stdout
            for format in ("gnu", "posix")
        ]


def listed(archive):
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return [
            [member.name, member.offset_data, member.size] for member in tar if member.isreg()
        ]


short = {name: data for name, data in FILES.items() if len(name) < 100}
archives = {
    "ustar": by_tarfile(tarfile.USTAR_FORMAT, {
        **short, "p" * 80 + "/" + "q" * 90 + ".png": png(7), "p" * 80 + "/" + "q" * 90 + ".cls": b"1"
    }),
    "gnu": by_tarfile(tarfile.GNU_FORMAT),
    "pax": by_tarfile(tarfile.PAX_FORMAT),
    "webdataset": by_webdataset(),
    "GNU tar": by_gnu_tar("--format=gnu"),
    "GNU tar, posix": by_gnu_tar("--format=posix"),
    "GNU tar, v7": by_gnu_tar("--format=v7", "--exclude=a folder*"),
}
written = {
    "read": {
        name: {
            "gzip": base64.b64encode(gzip.compress(data, mtime=0)).decode(),
            "files": listed(data),
        }
        for name, data in archives.items()
    },
    "sparse": [base64.b64encode(gzip.compress(data, mtime=0)).decode() for data in sparse()],
}
path = pathlib.Path(__file__).with_name("tars.json")
path.write_text(json.dumps(written, ensure_ascii=False) + "\n")
