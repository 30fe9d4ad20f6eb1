"""Sign people in to Django with Latchstring, by Authlib's client."""

from authlib.integrations.django_client import OAuth, OAuthError
from django.contrib import auth
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template import RequestContext, Template
from django.urls import path, reverse
from django.views.decorators.http import require_POST

PAGE = """<!doctype html>
<title>Django example</title>
{% if user.is_authenticated %}
<h1>Hello, {{ user.first_name }}</h1>
<p>Your address is {{ user.email }}.</p>
<form method="post" action="{% url 'logout' %}">{% csrf_token %}<button>Sign out</button></form>
{% else %}
<h1>Hello, stranger</h1>
{% if why %}<p>Not signed in: {{ why }}</p>{% endif %}
<p><a href="{% url 'login' %}">Sign in</a></p>
{% endif %}
"""

oauth = OAuth()
latchstring = oauth.register("latchstring")


def home(request: HttpRequest, why: str = "", status: int = 200) -> HttpResponse:
    """Say who is signed in, or offer to."""
    page = Template(PAGE).render(RequestContext(request, {"user": request.user, "why": why}))
    return HttpResponse(page, status=status)


def login(request: HttpRequest) -> HttpResponse:
    """Send the browser to Latchstring."""
    return latchstring.authorize_redirect(request, request.build_absolute_uri(reverse("callback")))


def callback(request: HttpRequest) -> HttpResponse:
    """Exchange the code for tokens, and them for Django's own session."""
    try:
        token = latchstring.authorize_access_token(request)
    except OAuthError as error:
        return home(request, str(error), 400)
    claims = token["userinfo"]  # of the ID token, once Authlib has checked all of it
    # `sub` never changes and is never anybody else's. Django allows no | in a username.
    user, _new = User.objects.update_or_create(
        username=claims["sub"].replace("|", "."),
        defaults={"email": claims["email"], "first_name": claims["name"]},
    )
    auth.login(request, user, "django.contrib.auth.backends.ModelBackend")
    request.session["id_token"] = token["id_token"]
    return redirect("home")


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """Forget the person here, and have Latchstring forget them."""
    id_token = request.session.get("id_token")
    auth.logout(request)
    if id_token is None:
        return redirect("home")
    return latchstring.logout_redirect(
        request, request.build_absolute_uri(reverse("home")), id_token_hint=id_token
    )


urlpatterns = [
    path("", home, name="home"),
    path("login", login, name="login"),
    path("callback", callback, name="callback"),
    path("logout", logout, name="logout"),
]
