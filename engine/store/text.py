"""Text as a table can hold it."""


def storable(text: str) -> str:
    """The text with "?" for each lone surrogate: those cannot be written as UTF-8.

    They stand in file names that are no valid UTF-8, and in text layers of broken files.
    """
    return text.encode("utf-8", "replace").decode("utf-8")
