"""One zip with every kind of picture that real archives hold, whole and broken."""

import io
import struct
import warnings
import zipfile
import zlib

import cv2
import numpy as np
from PIL import Image

from small_model import BLUE, picture


def encode(image, kind="PNG", **options):
    """The bytes of a picture file."""
    file = io.BytesIO()
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    image.save(file, kind, **options)
    return file.getvalue()


def oversize():
    """A PNG that says it is 20000 x 20000."""

    def chunk(kind, content):
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    header = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def sixteen_bit():
    blue = picture(BLUE).astype(np.uint16) * 257
    return cv2.imencode(".png", blue[..., ::-1])[1].tobytes()


def turned():
    exif = Image.Exif()
    exif[0x0112] = 6
    return encode(picture(BLUE), "JPEG", exif=exif, quality=95)


def animated():
    return encode(
        Image.fromarray(picture(BLUE)),
        "GIF",
        save_all=True,
        append_images=[Image.new("RGB", (10, 12))],
    )


IMAGE = Image.fromarray(picture(BLUE))
GOOD = {  # all of them blue, or grey, which the small model calls parasitized, too
    "cells/plain.png": encode(IMAGE),
    "cells/sixteen.png": sixteen_bit(),
    "cells/grey.png": encode(IMAGE.convert("L")),
    "cells/palette.png": encode(IMAGE.quantize(4)),
    "cells/alpha.png": encode(IMAGE.convert("RGBA")),
    "cells/cmyk.jpg": encode(IMAGE.convert("CMYK"), "JPEG", quality=95),
    "cells/turned.jpg": turned(),
    "cells/animated.gif": animated(),
    "cells/one_pixel.png": encode(picture(BLUE, 1, 1)),
    "cells/UPPER.PNG": encode(IMAGE),
    "cells/jpeg_inside.png": encode(IMAGE, "JPEG"),
    "cells/nested/deep/er.bmp": encode(IMAGE, "BMP"),
}
BROKEN = {  # and a part of the reason
    "cells/text.png": (b"this is a text", "not a PNG"),
    "cells/zero.png": (b"", "empty (0 bytes)"),
    "cells/truncated.png": (encode(IMAGE)[:60], "cut off"),
    "cells/truncated.jpg": (encode(IMAGE, "JPEG")[:-20], "cut off"),
    "cells/oversize.png": (oversize(), "too large: 20000 x 20000"),
    "cells/bomb.bmp": (bytes(1 << 22), "zip bomb"),
    "../outside.png": (encode(IMAGE), "leads out of the archive"),
    "/root.png": (encode(IMAGE), "leads out of the archive"),
    "C:/drive.png": (encode(IMAGE), "leads out of the archive"),
    "cells/.hidden.png": (encode(IMAGE), "hidden"),
}
LITTER = {
    "__MACOSX/cells/._plain.png": b"litter",
    "cells/Thumbs.db": b"litter",
    "cells/.DS_Store": b"litter",
}
NO_PICTURES = {"cells/notes.txt": b"notes"}
TWICE = "cells/plain.png"  # once more at the end, red
ABSENT = "cells/absent.png"


def hostile_ids():
    """The bare names of all pictures, one of them in no archive."""
    return [name.rpartition("/")[2] for name in (*GOOD, *BROKEN, ABSENT)]


def write_hostile_zip(path):
    """Write all of the above to a zip and return its path."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile's, of the name that comes twice
        for name, content in (GOOD | LITTER | NO_PICTURES).items():
            archive.writestr(name, content)
        for name, (content, _) in BROKEN.items():
            archive.writestr(name, content)
        archive.writestr(TWICE, encode(picture((200, 20, 60))))
    return path
