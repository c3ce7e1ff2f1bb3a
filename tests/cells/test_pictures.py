"""Pictures of every kind, whole and broken."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from laveran.cells.headers import read_header
from laveran.cells.pictures import MAX_PIXELS, decode, picture_size
from laveran.errors import PictureError

RGB = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
SMOOTH = np.stack(np.broadcast_arrays(*np.ogrid[0:200:40j, 0:250:50j], 90), axis=-1).astype(
    np.uint8
)
EXIF = Image.Exif()
EXIF[0x0112] = 6  # to be shown turned by a quarter, clockwise
TURNED = {"exif": EXIF}


def encode(image, kind="PNG", **options):
    file = io.BytesIO()
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    image.save(file, kind, **options)
    return file.getvalue()


def chunk(kind, content):
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def png(width, height, rows, *, depth=8, colour=2, before=b""):
    """A PNG made by hand."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(rows))
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return start + before + pixels + chunk(b"IEND", b"")


def mean_error(image, expected):
    assert image.shape == expected.shape
    return np.abs(image.astype(int) - expected).mean()


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("WEBP", {"lossless": True}),
    ],
)
def test_lossless_pictures_come_back_as_they_were(kind, options):
    image = decode(encode(RGB, kind, **options))
    np.testing.assert_array_equal(image, RGB)
    assert image.dtype == np.uint8
    assert image.flags["C_CONTIGUOUS"]


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_lossy_pictures_come_back_nearly(kind):
    assert mean_error(decode(encode(SMOOTH, kind, quality=95)), SMOOTH) < 3


@pytest.mark.parametrize("filter_type", range(5))
def test_every_filter_of_png(filter_type):
    rows = b"".join(bytes([filter_type]) + row.tobytes() for row in RGB)
    expected = cv2.imdecode(np.frombuffer(png(50, 40, rows), np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(decode(png(50, 40, rows)), expected[..., ::-1])


def test_a_large_png_takes_the_other_way_to_the_same_pixels():
    large = np.tile(RGB, (30, 40, 1))
    np.testing.assert_array_equal(decode(encode(large, compress_level=1)), large)


def test_grey_becomes_rgb():
    grey = RGB[..., 0]
    for kind in ("PNG", "BMP", "TIFF"):
        np.testing.assert_array_equal(decode(encode(grey, kind)), np.dstack([grey] * 3))


def test_one_bit_becomes_black_and_white():
    bits = RGB[..., 0] > 127
    np.testing.assert_array_equal(decode(encode(bits))[..., 1], bits * np.uint8(255))


def test_a_palette_becomes_its_colours():
    indexed = Image.fromarray(RGB).quantize(16)
    np.testing.assert_array_equal(decode(encode(indexed)), np.asarray(indexed.convert("RGB")))


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 3)])
def test_sixteen_bits_become_eight(suffix, shape):
    deep = np.linspace(0, 65535, np.prod(shape)).reshape(shape).astype(np.uint16)
    image = decode(cv2.imencode(suffix, deep)[1].tobytes())
    expected = np.broadcast_to(deep.reshape(4, 5, -1)[..., ::-1] / 257, (4, 5, 3))
    assert image.dtype == np.uint8
    assert np.abs(image - expected).max() <= 1


@pytest.mark.parametrize(
    ("kind", "options"), [("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True})]
)
def test_transparency_is_laid_on_black(kind, options):
    opacity = np.repeat(np.array([0, 128, 255, 255], np.uint8), 10)[:, None] * np.ones(50, np.uint8)
    image = decode(encode(np.dstack([RGB, opacity]), kind, **options))
    expected = RGB * (opacity[..., None] / 255)
    assert np.abs(image - expected).max() <= 1
    assert image[:10].max() == 0


def test_grey_transparency_is_laid_on_black():
    layers = Image.merge(
        "LA", [Image.new("L", (2, 1), 200), Image.frombytes("L", (2, 1), b"\0\xff")]
    )
    assert decode(encode(layers)).tolist() == [[[0, 0, 0], [200, 200, 200]]]


def test_a_transparent_colour_is_black():
    transparent = chunk(b"tRNS", struct.pack(">HHH", 1, 2, 3))
    assert decode(png(2, 1, b"\0\1\2\3\4\5\6", before=transparent)).tolist() == [
        [[0, 0, 0], [4, 5, 6]]
    ]


def test_cmyk_becomes_rgb():
    flat = np.full((40, 50, 3), (200, 50, 90), np.uint8)
    data = encode(Image.fromarray(flat).convert("CMYK"), "JPEG", quality=100)
    assert mean_error(decode(data), flat) < 3


def test_cmyk_of_unknown_coding_is_refused():
    data = encode(Image.fromarray(RGB).convert("CMYK"), "JPEG").replace(b"Adobe", b"nobodY")
    with pytest.raises(PictureError, match="CMYK"):
        decode(data)


@pytest.mark.parametrize(
    ("kind", "options"), [("JPEG", {"quality": 95}), ("PNG", {}), ("TIFF", {})]
)
def test_a_turned_photograph_is_turned_upright(kind, options):
    upright = np.rot90(SMOOTH, -1)
    assert mean_error(decode(encode(SMOOTH, kind, **options, **TURNED)), upright) < 3


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_an_animation_the_first_frame_counts(kind):
    frames = [Image.new("RGB", (9, 8), (shade, shade, shade)) for shade in (50, 150, 250)]
    data = encode(frames[0], kind, save_all=True, append_images=frames[1:])
    assert np.unique(decode(data)).tolist() == [50]
    assert decode(data).shape == (8, 9, 3)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP"])
def test_a_single_pixel_is_a_picture(kind):
    assert decode(encode(RGB[:1, :1], kind)).shape == (1, 1, 3)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        *((kind, {}) for kind in ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP")),
        ("JPEG", {"progressive": True}),
        ("WEBP", {"lossless": True}),
    ],
)
def test_the_size_is_read_from_the_header(kind, options):
    assert picture_size(encode(RGB, kind, **options)) == (50, 40)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP"])
@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9, 0.99])
def test_a_picture_cut_off_is_refused_in_silence(kind, share, capfd):
    data = encode(RGB, kind)
    with pytest.raises(PictureError):
        decode(data[: int(share * len(data))])
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("cut", [1, 4, 12, 13])
def test_a_png_without_its_last_bytes_is_refused(cut):
    with pytest.raises(PictureError, match="cut off: the end of the PNG is missing"):
        decode(encode(RGB)[:-cut])


def test_every_changed_byte_of_a_png_is_noticed():
    data = encode(RGB[:4, :4])
    for place in range(len(data)):
        with pytest.raises(PictureError):
            decode(data[:place] + bytes([data[place] ^ 0x20]) + data[place + 1 :])


@pytest.mark.parametrize("colour", [0, 2, 6])
def test_fewer_pixels_than_the_header_says_are_refused(colour):
    channels = {0: 1, 2: 3, 6: 4}[colour]
    with pytest.raises(PictureError, match="damaged"):
        decode(png(50, 40, bytes(20 * (50 * channels + 1)), colour=colour))


def test_more_pixels_than_the_header_says_are_refused():
    with pytest.raises(PictureError, match="damaged"):
        decode(png(50, 40, bytes(60 * 151)))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", r"empty \(0 bytes\)"),
        (b"name,label\na.png,1\n", "not a PNG, JPEG"),
        (b"\x89PNG\r\n\x1a\n", "cut off|damaged"),
        (b"\xff\xd8\xff", "cut off"),
        (b"RIFF\x10\0\0\0WAVEfmt ", "not a PNG, JPEG"),
        (png(0, 5, b""), "0 x 5 pixels"),
    ],
)
def test_what_is_no_picture_is_refused(data, reason):
    with pytest.raises(PictureError, match=reason):
        decode(data)


@pytest.mark.parametrize(
    "data",
    [
        png(20_000, 20_000, b""),
        b"GIF89a" + struct.pack("<HH", 20_000, 20_000),
        b"BM" + bytes(12) + struct.pack("<Iii", 40, 20_000, -20_000),
        b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + (19_999).to_bytes(3, "little") * 2,
        b"II*\0\x08\0\0\0\x02\0" + struct.pack("<HHIIHHII", 256, 4, 1, 20_000, 257, 4, 1, 20_000),
        b"MM\0*\0\0\0\x08\0\x02" + struct.pack(">HHIIHHII", 256, 4, 1, 20_000, 257, 4, 1, 20_000),
        b"\xff\xd8\xff\xc0\0\x11\x08"
        + struct.pack(">HHB", 20_000, 20_000, 3)
        + bytes(9)
        + b"\xff\xd9",
    ],
    ids=["PNG", "GIF", "BMP", "WebP", "TIFF II", "TIFF MM", "JPEG"],
)
def test_a_picture_of_20000_x_20000_is_refused_before_it_is_decoded(data):
    assert read_header(data)[1:3] == (20_000, 20_000)
    with pytest.raises(PictureError, match="too large: 20000 x 20000 pixels"):
        decode(data)


def test_a_picture_wider_than_opencv_allows_is_refused():
    bmp = b"BM" + bytes(12) + struct.pack("<IiiHH", 40, 2_000_000, 1, 1, 24) + bytes(24)
    with pytest.raises(PictureError, match="the BMP cannot be decoded"):
        decode(bmp)


def test_floats_are_refused(capfd):
    with pytest.raises(PictureError, match="the TIFF cannot be decoded"):
        decode(cv2.imencode(".tif", np.full((4, 5, 3), 0.5, np.float32))[1].tobytes())
    assert capfd.readouterr() == ("", "")


def test_a_photograph_of_48_megapixels_passes():
    assert picture_size(png(8000, 6000, b"")) == (8000, 6000)
    assert MAX_PIXELS > 8000 * 6000
