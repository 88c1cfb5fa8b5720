"""What the world does to a page: rotation, colour, noise, blur, JPEG, marks that are no text."""

import io
import math
from dataclasses import replace

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFilter

from .sheet import Sheet


def spoil(seed: tuple[int, ...], sheet: Sheet, difficulty: float) -> Sheet:
    """The sheet after a random part of it all; at difficulty 0 nearly nothing happens.

    At difficulty 1 a third of the sheets stay as they were set: most documents are born digital.
    """
    rng = np.random.default_rng((*seed, 2))
    if rng.random() < 0.2 * difficulty:
        sheet = _turn(sheet, float(rng.normal(0, 1.0)))
    ink = sheet.ink
    if rng.random() < 0.3 * difficulty:
        ink = _marks(rng, ink)
    if rng.random() < 0.1 + 0.2 * difficulty:
        ink = _grounds(rng, ink)
    if rng.random() < 0.2 * difficulty:
        ink = _contrast(rng, ink)
    if rng.random() < 0.15 * difficulty:
        picture = Image.fromarray(ink).filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 1))))
        ink = np.asarray(picture)
    if rng.random() < 0.15 * difficulty:
        noise = rng.normal(0, rng.uniform(3, 22), ink.shape).astype(np.float32)
        ink = np.clip(ink + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.2 * difficulty:
        buffer = io.BytesIO()
        Image.fromarray(ink).save(buffer, "JPEG", quality=int(rng.integers(25, 90)))
        ink = np.asarray(Image.open(buffer))
    return replace(sheet, ink=np.ascontiguousarray(ink))


def _turn(sheet: Sheet, degrees: float) -> Sheet:
    """Turned about the middle by at most three degrees; places turn with it."""
    degrees = max(-3.0, min(3.0, degrees))
    picture = Image.fromarray(sheet.ink).rotate(degrees, Image.Resampling.BILINEAR, fillcolor=255)
    angle = math.radians(degrees)
    height, width = sheet.ink.shape
    x, y = sheet.x - width / 2, sheet.y - height / 2
    turned_x = x * math.cos(angle) + y * math.sin(angle) + width / 2
    turned_y = -x * math.sin(angle) + y * math.cos(angle) + height / 2
    return replace(sheet, ink=np.asarray(picture), x=turned_x, y=turned_y)


def _marks(rng: np.random.Generator, ink: UInt8[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    """Lines, boxes, bars and blobs, as in charts and drawings."""
    picture = Image.fromarray(ink)
    draw = ImageDraw.Draw(picture)
    height, width = ink.shape
    for _ in range(int(rng.integers(1, 14))):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        w, h = rng.uniform(4, width / 3), rng.uniform(4, height / 4)
        tone = int(rng.integers(0, 200))
        kind = rng.integers(5)
        if kind == 0:
            draw.line((x, y, x + w, y + rng.normal(0, h)), fill=tone, width=int(rng.integers(1, 4)))
        elif kind == 1:
            draw.rectangle((x, y, x + w, y + h), outline=tone, width=int(rng.integers(1, 4)))
        elif kind == 2:
            draw.ellipse((x, y, x + w, y + h), outline=tone, width=int(rng.integers(1, 4)))
        elif kind == 3:
            draw.line((x, y, x, y + h), fill=tone, width=int(rng.integers(1, 3)))
        else:
            draw.line((x, y, x + w, y), fill=tone, width=int(rng.integers(1, 3)))
    return np.asarray(picture)


def _grounds(rng: np.random.Generator, ink: UInt8[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    """Regions in other colours: a tinted box, a dark header with light text."""
    out = ink.astype(np.float32)
    height, width = ink.shape
    whole = rng.random() < 0.25
    for _ in range(1 if whole else int(rng.integers(1, 5))):
        area = (slice(None), slice(None))
        if not whole:
            x, y = int(rng.integers(width)), int(rng.integers(height))
            w, h = int(rng.uniform(60, width)), int(rng.uniform(20, height / 3))
            area = (slice(y, y + h), slice(x, x + w))
        dark = rng.random() < 0.45
        ground = rng.uniform(0, 110) if dark else rng.uniform(170, 250)
        letter = rng.uniform(max(ground + 90, 170), 255) if dark else rng.uniform(0, ground - 110)
        out[area] = letter + (ground - letter) * out[area] / 255
    return out.astype(np.uint8)


def _contrast(rng: np.random.Generator, ink: UInt8[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    """Grey print on greyish paper."""
    low, high = rng.uniform(0, 110), rng.uniform(200, 255)
    return (low + (high - low) * (ink.astype(np.float32) / 255)).astype(np.uint8)
