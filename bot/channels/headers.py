"""The headers of the public face: nothing is kept, framed, leaked or run that is not ours."""

from __future__ import annotations

from typing import TypeVar
from urllib.parse import urlsplit

from werkzeug.wrappers import Response

AWAY = "https://www.bbc.co.uk/weather"
"""Where "Leave now" goes: a page that anybody might be looking at, and that says nothing about us."""

# Chromium holds what a form is redirected to against form-action as well; readers abroad are sent on once more.
ONWARD = {"https://www.bbc.co.uk": "https://www.bbc.com"}

POLICY = {
    "default-src": "'none'",
    "style-src": "'self'",
    "script-src": "'self'",
    "img-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",  # "Leave now" tells the server with a beacon while the page is already going
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}

PUBLIC = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
}

Answer = TypeVar("Answer", bound=Response)


def protect(response: Answer, away: str = AWAY) -> Answer:
    """The same response with the headers of the public face, whose forms lead to us or to `away`."""
    for name, value in PUBLIC.items():
        response.headers[name] = value
    response.headers["Content-Security-Policy"] = policy(away)
    return response


def policy(away: str) -> str:
    """The content security policy of the public face."""
    parts = urlsplit(away)
    origin = f"{parts.scheme}://{parts.netloc}"
    targets = ["'self'", origin, *filter(None, [ONWARD.get(origin)])]
    return "; ".join(f"{name} {sources}" for name, sources in {**POLICY, "form-action": " ".join(targets)}.items())
