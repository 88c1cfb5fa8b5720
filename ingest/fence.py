"""Around a program that is not ours: `python -m quire.ingest.fence LIFE MEMORY UNPACKED FILE FOLDER
SOFFICE`.

A process of its own looks at an Office document, puts itself under limits that the program keeps,
and becomes the program: LibreOffice, which writes FOLDER/out/document.pdf. What it refuses it tells
as JSON on standard output.
"""

import json
import os
import resource
import shutil
import sys
import zipfile
from pathlib import Path

from .confine import die_with, limit_memory, no_core_dumps
from .failure import Kind
from .offline import forbid_network

REFUSED = 3  # exit code
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SUFFIXES = (".doc", ".xls", ".ppt", ".rtf")
_BY_PART = {"word/": ".docx", "xl/": ".xlsx", "ppt/": ".pptx"}
_ODF = "application/vnd.oasis.opendocument."
_BY_MIME = {"text": ".odt", "spreadsheet": ".ods", "presentation": ".odp", "graphics": ".odg"}
_TYPE_BYTES = 200  # of the part "mimetype": enough for every kind
_LARGEST_PDF = 2**31
_LOCKED = "needs a password, which LibreOffice cannot be given here: save a copy without one"

# A profile of its own: no macros, no links to other files, nothing of the user's. The network is
# out of reach in any case.
_SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
{}
</oor:items>
"""
_SETTING = (
    '<item oor:path="/org.openoffice.{}"><prop oor:name="{}" oor:op="fuse"><value>{}</value>'
    "</prop></item>"
)
_CHOICES = (
    ("Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("Office.Common/Misc", "FirstRun", "false"),
    ("Office.Writer/Content/Update", "Link", "0"),
    ("Office.Calc/Content/Update", "Link", "2"),
)


class Refused(Exception):
    """The document is not given to LibreOffice."""

    def __init__(self, kind: Kind, reason: str) -> None:
        super().__init__(reason)
        self.kind, self.reason = kind, reason


def suffix_of(file: Path, name: str, unpacked: int) -> str:
    """The suffix that tells LibreOffice what the content is. Raises Refused.

    Content decides: a file named .docx that holds a web page must not be opened as one, for
    that could name other files.
    """
    with open(file, "rb") as opened:
        head = opened.read(8)
    if head.startswith(b"PK"):
        return _suffix_of_zip(file, unpacked)
    if head == _OLE:
        if "EncryptedPackage".encode("utf-16-le") in file.read_bytes():
            raise Refused(Kind.PASSWORD, _LOCKED)
        claimed = Path(name).suffix.lower()
        return claimed if claimed in _SUFFIXES else ".doc"
    if head.startswith(b"{\\rtf"):
        return ".rtf"
    raise Refused(Kind.UNSUPPORTED, "is no Office document: convert it to PDF first")


def _suffix_of_zip(file: Path, unpacked: int) -> str:
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            size = sum(part.file_size for part in archive.infolist())
            if size > unpacked:
                raise Refused(
                    Kind.TOO_BIG,
                    f"unpacks to {size:,} bytes and the limit is {unpacked:,}: allow more with "
                    "--limit max_unpacked_bytes=...",
                )
            if "mimetype" in names and names[0] == "mimetype":
                with archive.open("mimetype") as part:
                    kind = part.read(_TYPE_BYTES).decode("ascii", "replace").strip()
                if _encrypted(archive):
                    raise Refused(Kind.PASSWORD, _LOCKED)
                plain = kind.removeprefix(_ODF).removesuffix("-template")
                if kind.startswith(_ODF) and plain in _BY_MIME:
                    return _BY_MIME[plain]
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError) as error:
        what = f"is a damaged ZIP archive ({error}): save it anew"
        raise Refused(Kind.DAMAGED, what) from error
    for folder, suffix in _BY_PART.items():
        if any(name.startswith(folder) for name in names):
            return suffix
    raise Refused(Kind.UNSUPPORTED, "is a ZIP archive, but no Office document: unpack it first")


def _encrypted(archive: zipfile.ZipFile) -> bool:
    try:
        with archive.open("META-INF/manifest.xml") as part:
            return b"encryption-data" in part.read(2**20)
    except KeyError:
        return False


def main() -> None:
    life, memory, unpacked = map(int, sys.argv[1:4])
    file, folder, soffice = Path(sys.argv[4]), Path(sys.argv[5]), sys.argv[6]
    die_with(life)
    no_core_dumps()
    forbid_network()
    limit_memory(memory)
    try:
        document = folder / f"document{suffix_of(file, file.name, unpacked)}"
    except Refused as refused:
        print(json.dumps([refused.kind, refused.reason]))
        sys.exit(REFUSED)
    except MemoryError:
        print(json.dumps([Kind.OUT_OF_MEMORY, "needs more memory than allowed to be looked into"]))
        sys.exit(REFUSED)
    shutil.copyfile(file, document)
    profile = folder / "profile"
    (profile / "user").mkdir(parents=True)
    items = "\n".join(_SETTING.format(*choice) for choice in _CHOICES)
    (profile / "user" / "registrymodifications.xcu").write_text(_SETTINGS.format(items))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_PDF, _LARGEST_PDF))
    os.chdir(folder)
    wanted = [f"-env:UserInstallation={profile.as_uri()}", "--headless", "--norestore", "--nologo"]
    wanted += ["--nolockcheck", "--convert-to", "pdf", "--outdir", str(folder / "out")]
    os.execv(soffice, [soffice, *wanted, str(document)])


if __name__ == "__main__":
    main()
