"""Who may use the server: whoever shows the token, in a header or through a cookie."""

import hashlib
import hmac
from http.cookies import CookieError, SimpleCookie

COOKIE = "quire-session"


class Doorman:
    """Compares in constant time. Without a token everybody is let in."""

    def __init__(self, token: str) -> None:
        self._token = token
        # What the cookie holds: made from the token, so that restarting ends no session, and
        # changing the token ends them all.
        self.session = hmac.new(token.encode(), b"quire session", hashlib.sha256).hexdigest()

    @property
    def needs_token(self) -> bool:
        return bool(self._token)

    def knows(self, token: str) -> bool:
        return hmac.compare_digest(token.encode("utf-8", "replace"), self._token.encode())

    def lets_in(self, authorization: str, cookies: str) -> bool:
        """Whether these headers of a request hold the token."""
        if not self._token:
            return True
        scheme, _, shown = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return self.knows(shown.strip())
        try:
            session = SimpleCookie(cookies).get(COOKIE)
        except CookieError:
            return False
        return session is not None and hmac.compare_digest(
            session.value.encode("utf-8", "replace"), self.session.encode()
        )
