"""Which section of the outline a page falls under."""

from quire.ingest.outline import sections


def test_a_page_falls_under_the_last_title_before_it() -> None:
    outline = [(1, "One", 2), (2, "One A", 3), (1, "Two", 5)]
    assert sections(outline, 6) == ["", "One", "One > One A", "One > One A", "Two", "Two"]


def test_a_page_where_titles_start_falls_under_the_first_chain_of_them() -> None:
    outline = [(1, "Setup", 1), (2, "Tools", 1), (2, "Parts", 1), (1, "Use", 3)]
    assert sections(outline, 3) == ["Setup > Tools", "Setup > Parts", "Use"]


def test_a_title_without_a_page_only_names_its_children() -> None:
    assert sections([(1, "Part\n I", -1), (2, "Start", 2), (2, "", 3)], 3) == [
        "",
        "Part I > Start",
        "Part I",
    ]


def test_levels_that_skip_and_pages_out_of_range_do_no_harm() -> None:
    assert sections([(3, "Deep", 1), (0, "Flat", 2), (1, "Gone", 99)], 2) == ["Deep", "Flat"]
    assert sections([], 2) == ["", ""]
