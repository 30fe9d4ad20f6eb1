"""The pages' paths."""

from collections.abc import Mapping
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from latchstring.base.errors import NotFound
from latchstring.web.http.answers import see_other
from latchstring.web.http.frame import HELP_PATH
from latchstring.web.http.parameters import Parameters
from latchstring.web.http.static import STATIC_PREFIX, StaticFiles
from latchstring.web.http.surface import Handler, Methods, Surface, WrongMethod
from latchstring.web.pages import device, magic_link, views
from latchstring.web.pages.consent import ConsentPage
from latchstring.web.pages.desk import SIGN_IN, Desk
from latchstring.web.pages.device import DevicePages
from latchstring.web.pages.enter_code import EnterCode
from latchstring.web.pages.errors import PageErrors
from latchstring.web.pages.identify import Identify
from latchstring.web.pages.magic_link import MagicLink


def surface(
    desk: Desk,
    sign_in: Mapping[str, Methods],
    *,
    link: MagicLink,
    devices: DevicePages,
    static: StaticFiles,
) -> Surface:
    """Return the hosted pages."""
    errors = PageErrors(desk)

    async def show_help(request: Request) -> Response:
        client_id = Parameters.from_query(request).one("client_id")
        client = desk.client(client_id) if client_id else None
        request.state.has_opener = client is not None  # and a way back to its sign-in
        return desk.page(request, views.Help(frame=desk.frame(client)))

    async def show_home(_request: Request) -> Response:
        return see_other(HELP_PATH)

    async def show_static(request: Request) -> Response:
        found = static.respond(request.scope["path"])
        if found is None:
            raise NotFound
        return found

    return Surface(
        name="pages",
        routes={
            "/": {"GET": show_home},
            HELP_PATH: {"GET": show_help},
            device.PATH: {"GET": devices.show, "POST": devices.post},
        },
        prefixes={
            SIGN_IN: _by_rest(2, sign_in),
            device.PREFIX: _by_rest(2, device_pages(devices)),
            magic_link.PREFIX: _by_rest(2, link_pages(link)),
            magic_link.SIGNED_IN: {"GET": link.show_signed_in},
            STATIC_PREFIX: {"GET": show_static},
        },
        on_error=errors,
        on_crash=errors.crashed,
    )


def not_found(desk: Desk) -> Surface:
    """Return what answers where nobody else does."""
    errors = PageErrors(desk)

    async def nothing(request: Request) -> Response:
        return desk.page(request, views.NotFound())

    return Surface(
        name="nothing",
        routes={"*": {"GET": nothing}},
        on_error=errors,
        on_crash=errors.crashed,
    )


def sign_in_pages(
    identify: Identify, enter_code: EnterCode, consent: ConsentPage
) -> dict[str, Methods]:
    """Return the pages of one sign-in by what follows its id."""
    return {
        "": {"GET": identify.show},
        "email": {"GET": identify.show_email, "POST": identify.post_email},
        "phone": {"GET": identify.show_phone, "POST": identify.post_phone},
        "continue": {"POST": identify.post_continue},
        "again": {"POST": identify.post_again},
        "code": {"GET": enter_code.show, "POST": enter_code.post},
        "nothing-arrived": {"GET": enter_code.show_help},
        "status": {"GET": enter_code.show_status},
        "consent": {"GET": consent.show},
        "allow": {"POST": consent.allow},
        "deny": {"POST": consent.deny},
    }


def link_pages(link: MagicLink) -> dict[str, Methods]:
    """Return the pages of one link by what follows its token."""
    return {
        "": {"GET": link.show, "POST": link.press},
        "code": {"POST": link.show_code},
        "not-me": {"POST": link.refuse},
    }


def device_pages(devices: DevicePages) -> dict[str, Methods]:
    """Return the pages of one device's grant by what follows its id."""
    return {
        "": {"GET": devices.show_grant},
        "sign-in": {"POST": devices.post_sign_in},
        "other": {"POST": devices.post_other},
        "allow": {"POST": devices.post_allow},
        "deny": {"POST": devices.post_deny},
    }


def _by_rest(folder: int, pages: Mapping[str, Methods]) -> Methods:
    """Dispatch on what follows ``/l/<token>`` or ``/sign-in/<id>``.

    Opening the address that a form was sent to (from the history, or typed) leads to the page the
    form stands on.
    """

    def handler_for(method: str) -> Handler:
        async def handle(request: Request) -> Response:
            parts = request.scope["path"].split("/", folder + 1)
            methods = pages.get("".join(parts[folder + 1 :]))
            if methods is None:
                raise NotFound
            handler = methods.get(method)
            if handler is not None:
                return await handler(request)
            if method == "GET":
                return see_other(quote("/".join(parts[: folder + 1])))
            raise WrongMethod(", ".join(methods))

        return handle

    return {"GET": handler_for("GET"), "POST": handler_for("POST")}
