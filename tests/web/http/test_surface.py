"""What a surface is unless it says otherwise."""

from starlette.responses import Response

from latchstring.base.errors import InvalidRequest
from latchstring.web.http.surface import Surface, WrongMethod


def test_a_surface_has_no_paths_and_lets_no_other_origin_read_it():
    surface = Surface(
        name="bare", on_error=lambda *_: Response(), on_crash=lambda _: Response(status_code=500)
    )
    assert not surface.routes
    assert not surface.prefixes
    assert not surface.cors_paths
    assert not surface.may_read("https://acme.example")


def test_a_wrong_method_names_the_right_ones():
    error = WrongMethod("GET, POST")
    assert isinstance(error, InvalidRequest)
    assert error.allowed == "GET, POST"
    assert "method" in str(error)
