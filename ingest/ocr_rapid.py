"""RapidOCR (PP-OCR models that come with its package). In the reading process only."""

from typing import Any

import numpy as np

from .wire import BoxedWord

# One thread: side by side there are as many processes as the caller wants. No log of its own.
_PARAMS = {
    "Global.log_level": "critical",
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}


class RapidRecogniser:
    """Latin script, Chinese and Japanese in one model."""

    def __init__(self) -> None:
        from rapidocr import RapidOCR

        self._engine = RapidOCR(params=_PARAMS)

    def read(self, pixels: bytes, across: int, down: int) -> list[list[BoxedWord]]:
        image = np.frombuffer(pixels, dtype=np.uint8).reshape(down, across, 3)
        blue_first = np.ascontiguousarray(image[:, :, ::-1])
        # use_cls would look for lines that stand on their head; pages are upright.
        found = self._engine(blue_first, return_word_box=True, use_cls=False)
        if not found.txts:  # then its list of words holds one that is none
            return []
        lines = []
        for line in found.word_results:
            words = [
                _boxed(str(word), corners, across, down)
                for word, _, corners in line
                if corners is not None
            ]
            if words:
                lines.append(words)
        return lines


def _boxed(word: str, corners: Any, across: int, down: int) -> BoxedWord:
    points = np.asarray(corners, dtype=np.float64) / (across, down)
    left, top = points.min(axis=0).clip(0, 1).tolist()
    right, bottom = points.max(axis=0).clip(0, 1).tolist()
    return round(left, 5), round(top, 5), round(right, 5), round(bottom, 5), word
