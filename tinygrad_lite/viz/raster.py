"""PNG and PDF, through the optional package resvg_py."""

from __future__ import annotations

import re
import struct
import zlib
from typing import Any

import numpy as np


def write_png(svg: str, scale: float) -> bytes:
    """PNG bytes of an SVG; `scale` is pixels per unit."""
    rasterizer = _find_rasterizer("PNG")
    width = float(re.search(r'width="([\d.]+)"', svg)[1])  # type: ignore[index]
    made = rasterizer.svg_to_bytes(svg_string=svg, width=round(width * scale))
    return bytes(made)


def write_pdf(svg: str) -> bytes:
    """PDF bytes: one page that holds the picture at three pixels per unit."""
    _find_rasterizer("PDF")
    png = write_png(svg, 3.0)
    width, height, colors = _read_png(png)
    return _write_page(width, height, colors)


def _find_rasterizer(what: str) -> Any:
    try:
        import resvg_py
    except ImportError:
        raise ImportError(
            f"{what} needs the package resvg_py: pip install 'tinygrad-lite[viz]' (SVG, DOT, "
            "Mermaid, JSON and text need nothing)"
        ) from None
    return resvg_py


def _read_png(png: bytes) -> tuple[int, int, bytes]:
    """Size and rows of an 8-bit RGBA PNG, each row with its filter byte."""
    width, height, depth, color = struct.unpack(">IIBB", png[16:26])
    if (depth, color) != (8, 6):
        raise ValueError(f"the rasterizer gave no 8-bit RGBA: depth {depth}, type {color}")
    at, packed = 8, b""
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            packed += png[at + 8 : at + 8 + length]
        at += 12 + length
    return width, height, packed


def _write_page(width: int, height: int, packed: bytes) -> bytes:
    """A PDF of one image; the PNG's own compressed rows are understood by PDF readers.

    PDF has no alpha inside an image, and the picture's page is opaque, so alpha is dropped.
    """
    rows = zlib.compress(_drop_alpha(zlib.decompress(packed), width, height), 6)
    page_width, page_height = width / 3 * 0.75, height / 3 * 0.75
    paint = f"q {page_width:.2f} 0 0 {page_height:.2f} 0 0 cm /I Do Q".encode()
    image = (
        f"<</Type/XObject/Subtype/Image/Width {width}/Height {height}/ColorSpace/DeviceRGB"
        f"/BitsPerComponent 8/Filter/FlateDecode/Length {len(rows)}>>"
    )
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {page_width:.2f} {page_height:.2f}]"
        "/Resources<</XObject<</I 4 0 R>>>>/Contents 5 0 R>>".encode(),
        image.encode() + b"stream\n" + rows + b"\nendstream",
        f"<</Length {len(paint)}>>stream\n".encode() + paint + b"\nendstream",
    ]
    return _join_objects(objects)


def _join_objects(objects: list[bytes]) -> bytes:
    out, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    count = len(objects) + 1
    end = f"xref\n0 {count}\n0000000000 65535 f \n{table}trailer<</Size {count}/Root 1 0 R>>\n"
    return out + end.encode() + f"startxref\n{len(out)}\n%%EOF\n".encode()


def _drop_alpha(rows: bytes, width: int, height: int) -> bytes:
    """Undo the row filters of an RGBA image and leave its alpha out."""
    stride = width * 4
    table = np.frombuffer(rows, np.uint8).reshape(height, stride + 1)
    before = np.zeros(stride, np.uint8)
    out = np.empty((height, width, 3), np.uint8)
    for number in range(height):
        before = _undo_filter(int(table[number, 0]), table[number, 1:], before)
        out[number] = before.reshape(width, 4)[:, :3]
    return out.tobytes()


def _undo_filter(code: int, row: Any, above: Any) -> Any:
    if code == 0:
        return row.copy()
    if code == 1:
        return np.cumsum(row.reshape(-1, 4), axis=0, dtype=np.uint64).astype(np.uint8).reshape(-1)
    if code == 2:
        return row + above
    return _undo_sequential(code, row, above)


def _undo_sequential(code: int, row: Any, above: Any) -> Any:
    made = [0] * len(row)
    source, up = row.tolist(), above.tolist()
    for place, value in enumerate(source):
        left = made[place - 4] if place >= 4 else 0
        if code == 3:
            made[place] = (value + (left + up[place]) // 2) & 255
            continue
        corner = up[place - 4] if place >= 4 else 0
        guess = left + up[place] - corner
        near = min(
            (abs(guess - left), 0, left),
            (abs(guess - up[place]), 1, up[place]),
            (abs(guess - corner), 2, corner),
        )
        made[place] = (value + near[2]) & 255
    return np.array(made, np.uint8)
