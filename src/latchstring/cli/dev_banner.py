"""What `dev` prints when it is ready: where everything is, and an `.env` block to copy."""

import json

import msgspec

from latchstring.base.secrets import random_token
from latchstring.cli.dev_ports import LOOPBACK
from latchstring.cli.dev_settings import CLIENT_ID


class Banner(msgspec.Struct, frozen=True):
    """The addresses of one run."""

    issuer: str
    application: str
    folder: str
    session_secret: str

    @classmethod
    def of(cls, issuer: str, *, demo_port: int, folder: str) -> "Banner":
        """Return the banner of this run, with a session secret of its own."""
        return cls(issuer, f"http://{LOOPBACK}:{demo_port}", folder, random_token())

    @property
    def environment(self) -> dict[str, str]:
        """What an application must be told, the demo included: it gets nothing else."""
        return {
            "ISSUER": self.issuer,
            "CLIENT_ID": CLIENT_ID,
            "BASE_URL": self.application,
            "SESSION_SECRET": self.session_secret,
        }

    @property
    def addresses(self) -> dict[str, str]:
        """The addresses a developer opens or copies."""
        return {
            "application": f"{self.application}/",
            "inbox": f"{self.issuer}dev/mail",
            "issuer": self.issuer,
            "discovery": f"{self.issuer}.well-known/openid-configuration",
        }

    def as_json(self) -> str:
        """Return everything on one line, for programs."""
        return json.dumps({**self.addresses, "data": self.folder, "env": self.environment})

    def as_text(self) -> str:
        """Return everything for a person to read."""
        names = {"application": "Demo application", "inbox": "Developer inbox"}
        lines = [
            f"  {names.get(name, name.capitalize()):<18} {url}"
            for name, url in self.addresses.items()
        ]
        env = [f"{name}={value}" for name, value in self.environment.items()]
        return "\n".join(
            (
                "",
                "Latchstring is ready. Sign in to the demo; the mail arrives in the inbox.",
                "",
                *lines,
                f"  {'Data':<18} {self.folder}   (--fresh starts over)",
                "",
                "# .env for an application of yours (a public client with PKCE):",
                *env,
                "",
                "Stop with Ctrl-C.",
                "",
            )
        )
