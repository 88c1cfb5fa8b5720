"""Which files are documents: content decides, not the name."""

import os
import subprocess
from pathlib import Path

import pytest

from quire.ingest import IngestError, Kind, Limits, document_id, find
from quire.ingest.document import open_regular

PDF = b"%PDF-1.7\n1 0 obj\n"
PNG = b"\x89PNG\r\n\x1a\n and so on"


def put(folder: Path, **files: bytes) -> Path:
    """Files by name; `__` stands for the dot before the suffix."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_bytes(content)
    return folder


def test_an_id_is_the_first_half_of_the_sha256_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    assert document_id(b"abc") == document_id(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223"


def test_content_decides_and_not_the_name(tmp_path: Path) -> None:
    put(tmp_path, a__pdf=PNG, b__png=PDF, c=PDF + b"c", d__jpg=b"\xff\xd8\xff\xe0")
    kinds = {Path(s.paths[0]).name: s.kind for s in find([tmp_path]).documents}
    assert kinds == {"a.pdf": "image", "b.png": "pdf", "c": "pdf", "d.jpg": "image"}


def test_other_files_in_a_folder_are_passed_over_silently(tmp_path: Path) -> None:
    put(tmp_path, notes__ini=b"about %PDF-1.7 files", empty__txt=b"", tool__exe=b"MZ\0")
    found = find([tmp_path])
    assert (found.documents, found.failures) == ([], [])


def test_a_file_named_like_a_document_is_reported(tmp_path: Path) -> None:
    put(tmp_path, page__pdf=b"<!DOCTYPE html><p>Not found", void__png=b"", deck__PDF=b"PK\x03\x04")
    found = find([tmp_path])
    assert [(Path(f.path).name, f.kind) for f in found.failures] == [
        ("deck.PDF", Kind.UNSUPPORTED),
        ("page.pdf", Kind.UNSUPPORTED),
        ("void.png", Kind.EMPTY),
    ]
    assert "a web page" in found.failures[1].reason


def test_a_file_given_explicitly_is_always_reported(tmp_path: Path) -> None:
    put(tmp_path, notes__ini=b"hello")
    [failure] = find([tmp_path / "notes.ini"]).failures
    assert failure.kind is Kind.UNSUPPORTED
    assert "plain text" in failure.reason


def test_a_pdf_that_lost_its_header_gets_a_chance_only_under_its_own_name(tmp_path: Path) -> None:
    put(tmp_path, a__pdf=b"junk\n1 0 obj\n", b__txt=b"junk\n1 0 obj\n", c__pdf=b"an object")
    found = find([tmp_path])
    assert [Path(s.paths[0]).name for s in found.documents] == ["a.pdf"]
    assert [Path(f.path).name for f in found.failures] == ["c.pdf"]


def test_the_same_bytes_twice_are_one_source_with_both_paths(tmp_path: Path) -> None:
    put(tmp_path / "z", a__pdf=PDF)
    put(tmp_path / "b", copy__pdf=PDF)
    [source] = find([tmp_path / "z", tmp_path, tmp_path / "z" / "a.pdf"]).documents
    assert source.paths == (str(tmp_path / "b" / "copy.pdf"), str(tmp_path / "z" / "a.pdf"))


def test_folders_are_walked_in_the_order_of_names_and_hidden_ones_left_out(tmp_path: Path) -> None:
    put(tmp_path / "b", x__pdf=PDF + b"1")
    put(tmp_path / ".git", y__pdf=PDF + b"2")
    put(tmp_path, a__pdf=PDF + b"3", c__pdf=PDF + b"4", __hidden__pdf=PDF + b"5")
    names = [os.path.relpath(s.paths[0], tmp_path) for s in find([tmp_path]).documents]
    assert names == ["a.pdf", "b/x.pdf", "c.pdf"]


def test_links_that_lead_back_do_not_trap_the_walk(tmp_path: Path) -> None:
    put(tmp_path / "deep" / "er", x__pdf=PDF)
    (tmp_path / "deep" / "er" / "loop").symlink_to(tmp_path)
    (tmp_path / "dangling.pdf").symlink_to(tmp_path / "nowhere")
    found = find([tmp_path])
    assert len(found.documents) == 1
    assert [f.kind for f in found.failures] == [Kind.UNREADABLE]


def test_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "trap.pdf")
    [failure] = find([tmp_path]).failures
    assert failure.kind is Kind.UNREADABLE
    assert "no regular file" in failure.reason


def test_what_turns_into_a_pipe_after_the_first_look_is_not_waited_for_either(
    tmp_path: Path,
) -> None:
    os.mkfifo(tmp_path / "trap.pdf")
    with pytest.raises(OSError, match="no regular file"):
        open_regular(tmp_path / "trap.pdf")


def test_a_file_beyond_the_limit_is_not_read_to_its_end(tmp_path: Path) -> None:
    put(tmp_path, huge__pdf=PDF)
    os.truncate(tmp_path / "huge.pdf", 2**43)  # 8 TB, of which none is on the disk
    [failure] = find([tmp_path]).failures
    assert failure.kind is Kind.TOO_BIG and "8,796,093,022,208 bytes" in failure.reason
    with pytest.raises(OSError, match=r"more than 5 bytes"):  # as of a file that grows
        document_id(put(tmp_path, a__pdf=PDF) / "a.pdf", 5)
    assert find([tmp_path / "a.pdf"], Limits(max_bytes=5)).failures[0].kind is Kind.TOO_BIG


def test_folders_thousands_deep_are_walked_as_far_as_paths_go(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(2500):  # beyond PATH_MAX, and beyond any recursion
        os.mkdir("d", dir_fd=here)
        deeper = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)
    put(tmp_path, z__pdf=PDF)
    found = find([tmp_path])
    assert [Path(source.paths[0]).name for source in found.documents] == ["z.pdf"]
    [failure] = found.failures
    assert failure.kind is Kind.UNREADABLE and "too long" in failure.reason
    subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)  # pytest's own way is too short


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_reported(tmp_path: Path) -> None:
    put(tmp_path, locked__pdf=PDF)
    (tmp_path / "locked.pdf").chmod(0)
    [failure] = find([tmp_path]).failures
    assert failure.kind is Kind.UNREADABLE


def test_a_wrong_path_is_an_error_that_names_the_nearest(tmp_path: Path) -> None:
    put(tmp_path / "reports", annual__pdf=PDF)
    with pytest.raises(IngestError, match=r"did you mean '.*/reports/annual\.pdf'"):
        find([tmp_path / "reports" / "anual.pdf"])
    with pytest.raises(IngestError, match=r"did you mean '.*/reports'"):
        find([tmp_path / "report" / "annual.pdf"])
    with pytest.raises(IngestError, match="nothing of a similar name"):
        find([tmp_path / "zzz"])


def test_a_lone_path_is_taken_for_one_path(tmp_path: Path) -> None:
    put(tmp_path, a__pdf=PDF)
    assert len(find(str(tmp_path)).documents) == 1
