"""Kaggle's own client, signed in for the user, and its errors in one sentence of ours.

The client (the package `kaggle`, an extra) knows the user's token and speaks to Kaggle.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from laveran.errors import ConfigError, FetchError

_PAGE = re.compile(r"(?:https?://)?(?:www\.)?kaggle\.com/(?:competitions|c)/([^/?#]+)")
_SLUG = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")

_NO_CLIENT = "Kaggle's client is not there ({error}); install it: pip install 'laveran[kaggle]'"
_NO_LOGIN = (
    "there is no Kaggle token that is valid: make one at https://www.kaggle.com/settings/api and "
    "put it into the file ~/.kaggle/access_token or the variable KAGGLE_API_TOKEN (an older "
    "kaggle.json: into ~/.kaggle, or KAGGLE_USERNAME and KAGGLE_KEY)"
)
_ANSWERS = {
    400: "Kaggle refuses it for {slug!r}: {words}",
    401: "Kaggle does not know the token; make a new one at https://www.kaggle.com/settings/api",
    403: "Kaggle does not let you into the competition {slug!r}; join it and accept its rules at "
    "https://www.kaggle.com/competitions/{slug}/rules, then run the same command again",
    404: "Kaggle knows no competition {slug!r}; its name is what follows "
    "https://www.kaggle.com/competitions/ in the address of its page",
    429: "Kaggle has had too many requests from you; run the same command again in some minutes",
}


@contextmanager
def signed_in(slug: str) -> Iterator[Any]:
    """Kaggle's client with the user's token, for what concerns one competition.

    Args:
        slug: The competition's name, for the errors.

    Yields:
        A `kaggle.api.kaggle_api_extended.KaggleApi`.

    Raises:
        FetchError: If the client or the token is missing, or, in the body, Kaggle refuses or
            cannot be reached.
    """
    # On import and after, the client prints advice and warnings, and it exits without a token.
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            from kaggle.api.kaggle_api_extended import KaggleApi

            api = KaggleApi()
            api.authenticate()
            yield api
        except ImportError as error:
            raise FetchError(_NO_CLIENT.format(error=error)) from error
        except SystemExit as error:
            raise FetchError(_NO_LOGIN) from error
        except OSError as error:  # as all errors of requests are
            raise FetchError(_sentence(slug, error)) from error


def read_slug(text: str) -> str:
    """The name of a competition, from itself or from the address of one of its pages.

    >>> read_slug("https://www.kaggle.com/competitions/fighting-malaria/data")
    'fighting-malaria'

    Raises:
        ConfigError: If it is neither.
    """
    page = _PAGE.match(text.strip())
    slug = page[1] if page else text.strip()
    if not _SLUG.fullmatch(slug):
        raise ConfigError(
            f"{text!r} is no name of a Kaggle competition; it has letters, digits and dashes, "
            "as in https://www.kaggle.com/competitions/NAME"
        )
    return slug


def _sentence(slug: str, error: OSError) -> str:
    """What an error of the client means, and what to do."""
    response = getattr(error, "response", None)
    if response is not None:  # its truth would be that of its status
        status = response.status_code
        answer = f"Kaggle is out of order (it answers {status}); run the same command again later"
        return _ANSWERS.get(status, answer).format(slug=slug, words=error)
    if error.filename:
        return f"Kaggle's client cannot use {error.filename}: {error.strerror}"
    return "Kaggle cannot be reached; check the network and run the same command again"
