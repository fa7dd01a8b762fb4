"""Who is let in."""

from base64 import b64decode

import attrs

from scenario_async.emulator.errors import ServiceError, expired_token


@attrs.frozen(kw_only=True)
class Access:
    """The credentials that open the emulator."""

    api_key: str
    api_secret: str
    bearer_tokens: frozenset[str]

    def check(self, authorization: str) -> None:
        """Refuse what is neither the key pair (401) nor a known token (403)."""
        scheme, _, credentials = authorization.partition(" ")
        match scheme.lower():
            case "basic" if self._is_key_pair(credentials.strip()):
                return
            case "bearer" if credentials.strip() in self.bearer_tokens:
                return
            case "bearer":
                raise expired_token()
            case _:
                raise ServiceError(401, "Unauthorized")

    def _is_key_pair(self, credentials: str) -> bool:
        try:
            return b64decode(credentials, validate=True).decode() == f"{self.api_key}:{self.api_secret}"
        except ValueError:  # not base64, or not UTF-8
            return False
