"""Small Office documents, made by hand: a ZIP with as little XML as a reader accepts."""

import zipfile
from pathlib import Path

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_SHEETS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_WORDS = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_ODF = "urn:oasis:names:tc:opendocument:xmlns"


def put_zip(path: Path, parts: dict[str, str | bytes], stored: tuple[str, ...] = ()) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            how = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            file.writestr(zipfile.ZipInfo(name), content, how)
    return path


def _types(*overrides: tuple[str, str]) -> str:
    parts = "".join(
        f'<Override PartName="{part}" ContentType="application/vnd.openxmlformats-officedocument.'
        f'{kind}+xml"/>'
        for part, kind in overrides
    )
    relations = "application/vnd.openxmlformats-package.relationships+xml"
    return (
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        f'ContentType="{relations}"/><Default Extension="xml" ContentType="application/xml"/>'
        f"{parts}</Types>"
    )


def _relations(*targets: tuple[str, str]) -> str:
    parts = "".join(
        f'<Relationship Id="rId{i}" Type="{_OFFICE}/relationships/{kind}" Target="{target}"/>'
        for i, (kind, target) in enumerate(targets, start=1)
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{parts}</Relationships>'


def make_docx(path: Path, *paragraphs: str) -> Path:
    body = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs)
    return put_zip(
        path,
        {
            "[Content_Types].xml": _types(("/word/document.xml", "wordprocessingml.document.main")),
            "_rels/.rels": _relations(("officeDocument", "word/document.xml")),
            "word/document.xml": (
                f'{_HEAD}<w:document xmlns:w="{_WORDS}"><w:body>{body}</w:body></w:document>'
            ),
        },
    )


def make_xlsx(path: Path, *cells: str) -> Path:
    row = "".join(
        f'<c r="{chr(65 + i)}1" t="inlineStr"><is><t>{text}</t></is></c>'
        for i, text in enumerate(cells)
    )
    return put_zip(
        path,
        {
            "[Content_Types].xml": _types(
                ("/xl/workbook.xml", "spreadsheetml.sheet.main"),
                ("/xl/worksheets/sheet1.xml", "spreadsheetml.worksheet"),
            ),
            "_rels/.rels": _relations(("officeDocument", "xl/workbook.xml")),
            "xl/_rels/workbook.xml.rels": _relations(("worksheet", "worksheets/sheet1.xml")),
            "xl/workbook.xml": (
                f'{_HEAD}<workbook xmlns="{_SHEETS}" xmlns:r="{_OFFICE}/relationships"><sheets>'
                '<sheet name="One" sheetId="1" r:id="rId1"/></sheets></workbook>'
            ),
            "xl/worksheets/sheet1.xml": (
                f'{_HEAD}<worksheet xmlns="{_SHEETS}"><sheetData><row r="1">{row}</row>'
                "</sheetData></worksheet>"
            ),
        },
    )


def make_odf(path: Path, *texts: str) -> Path:
    """A text document (.odt) or a deck (.odp) with one slide for each text."""
    kind = "presentation" if path.suffix == ".odp" else "text"
    if kind == "text":
        body = "".join(f"<text:p>{text}</text:p>" for text in texts)
    else:
        body = "".join(
            f'<draw:page draw:name="{i}" draw:master-page-name="Default"><draw:frame svg:x="2cm" '
            'svg:y="2cm" svg:width="20cm" svg:height="5cm"><draw:text-box><text:p>'
            f"{text}</text:p></draw:text-box></draw:frame></draw:page>"
            for i, text in enumerate(texts)
        )
    spaces = "".join(
        f' xmlns:{short}="{_ODF}:{long}:1.0"'
        for short, long in (
            ("office", "office"),
            ("text", "text"),
            ("draw", "drawing"),
            ("svg", "svg-compatible"),
            ("manifest", "manifest"),
        )
    )
    mime = f"application/vnd.oasis.opendocument.{kind}"
    return put_zip(
        path,
        {
            "mimetype": mime,
            "content.xml": (
                f'{_HEAD}<office:document-content{spaces} office:version="1.2"><office:body>'
                f"<office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
            ),
            "META-INF/manifest.xml": (
                f"{_HEAD}<manifest:manifest{spaces}><manifest:file-entry manifest:full-path='/' "
                f"manifest:media-type='{mime}'/><manifest:file-entry "
                "manifest:full-path='content.xml' manifest:media-type='text/xml'/>"
                "</manifest:manifest>"
            ),
        },
        stored=("mimetype",),
    )


def make_zip_bomb(path: Path, megabytes: int = 4096) -> Path:
    """A .docx whose one part unpacks to this much, in a few megabytes on disk."""
    block = b"<w:p><w:r><w:t>" + b"a" * (2**20 - 40) + b"</w:t></w:r></w:p>"
    make_docx(path, "before")
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as file,
        file.open("word/bomb.xml", "w", force_zip64=True) as part,
    ):
        for _ in range(megabytes):
            part.write(block)
    return path
