"""Qwen2.5-VL on this machine, through transformers."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any

from ..errors import AnswerError
from ..search.hits import Hit
from . import prompt

INSTALL = "pip install qwen-vl-utils torchvision"
LONGEST_SIDE = 1_120  # pixels of a page that is shown


class LocalModel:
    """A folder with a Qwen2.5-VL checkpoint. Loaded when it first writes; never fetched."""

    def __init__(
        self, folder: str | Path, *, device: str | None = None, most_tokens: int = 512
    ) -> None:
        self._folder, self._device, self._most_tokens = Path(folder), device, most_tokens
        if not (self._folder / "config.json").is_file():
            raise AnswerError(
                f"{str(folder)!r} holds no checkpoint (no config.json): name the folder of a "
                "Qwen2.5-VL model"
            )

    @property
    def name(self) -> str:
        return self._folder.name

    def write(self, question: str, pages: Sequence[Hit]) -> Iterator[str]:
        """See `Generator`."""
        model, processor, look = self._loaded
        from transformers import TextIteratorStreamer

        messages = self.messages(question, pages)
        text = processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        pictures, films = look(messages)
        inputs = processor(text=[text], images=pictures, videos=films, return_tensors="pt")
        streamer = TextIteratorStreamer(
            processor.tokenizer, skip_prompt=True, skip_special_tokens=True
        )
        failed: list[BaseException] = []

        def run() -> None:
            try:
                model.generate(
                    **inputs.to(model.device),
                    max_new_tokens=self._most_tokens,
                    do_sample=False,
                    streamer=streamer,
                )
            except Exception as error:
                failed.append(error)
                streamer.end()

        worker = Thread(target=run, daemon=True)
        worker.start()
        yield from streamer
        worker.join()
        if failed:
            raise AnswerError(f"{self.name} failed while it wrote: {failed[0]}") from failed[0]

    def messages(self, question: str, pages: Sequence[Hit]) -> list[dict[str, Any]]:
        """The conversation, with pictures in it, as `apply_chat_template` wants it."""
        parts: list[dict[str, Any]] = []
        for number, hit in enumerate(pages, start=1):
            image = hit.image()
            image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            parts.append({"type": "text", "text": prompt.page_heading(number, hit)})
            parts.append({"type": "image", "image": image})
            if text := prompt.page_text(number, hit):
                parts.append({"type": "text", "text": text})
        parts.append({"type": "text", "text": prompt.closing(question, pages)})
        return [
            {"role": "system", "content": [{"type": "text", "text": prompt.SYSTEM}]},
            {"role": "user", "content": parts},
        ]

    @cached_property
    def _loaded(self) -> tuple[Any, Any, Any]:
        try:
            import_module("torchvision")  # what the two below need, and say less clearly
            from qwen_vl_utils import process_vision_info
        except ImportError as error:
            raise AnswerError(f"a local model needs more packages ({error}): {INSTALL}") from error
        import torch
        from transformers import AutoProcessor, Qwen2_5_VLForConditionalGeneration

        device = self._device or ("cuda" if torch.cuda.is_available() else "cpu")
        try:
            processor = AutoProcessor.from_pretrained(self._folder, local_files_only=True)
            model = Qwen2_5_VLForConditionalGeneration.from_pretrained(
                self._folder,
                local_files_only=True,
                use_safetensors=True,
                dtype=torch.bfloat16 if device.startswith("cuda") else torch.float32,
            )
        except (OSError, ValueError) as error:
            raise AnswerError(f"{self._folder} cannot be loaded: {error}") from error
        return model.to(device).eval(), processor, process_vision_info
