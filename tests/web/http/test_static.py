"""Static files: names that change with their content, and nothing beside them."""

import gzip
import hashlib

import pytest

from latchstring.web.http.static import StaticFiles


def test_the_name_contains_the_hash_of_the_content():
    static = StaticFiles()
    url = static.url("pages.js")
    body = static.text("pages.js").encode()
    assert url == f"/static/pages.{hashlib.sha256(body).hexdigest()[:12]}.js"


def test_a_file_may_be_kept_for_ever_and_is_never_sniffed():
    static = StaticFiles()
    response = static.respond(static.url("pages.js"))
    assert response is not None
    assert response.headers["content-type"] == "text/javascript; charset=utf-8"
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/static/pages.js", "/static/", "/static/../web/http/static.py", "/static/%2e%2e/x"]
)
def test_no_other_path_leads_to_a_file(path):
    assert StaticFiles().respond(path) is None


def test_the_script_fits_its_budget():
    assert len(gzip.compress(StaticFiles().text("pages.js").encode())) <= 6 * 1024


def test_other_files_in_the_folder_are_not_served(tmp_path):
    (tmp_path / "notes.txt").write_text("secret")
    (tmp_path / "a.js").write_text("1")
    static = StaticFiles(tmp_path)
    assert static.text("a.js") == "1"
    with pytest.raises(KeyError):
        static.url("notes.txt")
