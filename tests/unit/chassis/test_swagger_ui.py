"""The documentation page: its script is there and understands the version that our documents have."""

from chassis.web.swagger_ui import SCRIPT, STYLE, documentation_page, swagger_ui_folder


def test_the_page_and_its_files_need_no_foreign_host() -> None:
    page = documentation_page("Words")
    assert "<title>Words</title>" in page
    assert "://" not in page
    for address in (SCRIPT, STYLE):
        assert address in page
        assert (swagger_ui_folder() / address.rpartition("/")[2]).is_file()


def test_the_script_understands_openapi_3_1() -> None:
    script = (swagger_ui_folder() / SCRIPT.rpartition("/")[2]).read_text(encoding="utf-8")
    assert "jsonSchemaDialect" in script
