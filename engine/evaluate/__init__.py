"""Judges search, and the encoder alone, on a folder with questions and judgements."""

from .interval import Figure
from .judging import judge
from .report import Report, Row

__all__ = ["Figure", "Report", "Row", "judge"]
