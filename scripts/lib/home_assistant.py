"""A real Home Assistant, started from a folder and spoken to as its owner.

Listens on the loopback alone and is never allowed to install anything. Everything it
keeps lies in the folder it was given.
"""

import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Final

from scripts.lib.conversation import Conversation, conversation
from scripts.lib.process import Process

ROOT: Final = Path(__file__).parents[2]
STUBS: Final = Path(__file__).parent / "stubs"

# The default configuration is not used: it announces itself in the network, listens to
# everybody's DHCP, and wants the internet.
CONFIGURATION: Final = """\
homeassistant:
  name: Home
  latitude: 59.91
  longitude: 10.75
  elevation: 10
  unit_system: metric
  time_zone: {time_zone}
  country: "NO"
  currency: NOK
frontend:
energy:
history:
logbook:
logger:
  default: warning
  logs:
    custom_components.voltrail: debug
    # What a machine without cameras and sound lacks; whatever else is logged concerns us.
    haffmpeg: fatal
    homeassistant.components.camera.img_util: fatal
    aiohttp_fast_zlib: error
{more}"""


class NotReadyError(Exception):
    """Home Assistant did not get ready in time."""


class HomeAssistant:
    """One Home Assistant, from the first start in an empty folder to the last stop."""

    def __init__(self, folder: Path, *, port: int = 8123) -> None:
        self.folder = folder
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.tokens: dict[str, Any] = {}
        self.process: Process | None = None
        self._expiry = 0.0

    def prepare(
        self,
        *,
        time_zone: str = "Europe/Oslo",
        more: str = "",
        components: Iterable[Path] = (),
    ) -> None:
        """Write what Home Assistant must find in its folder; what is there already stays.

        `more` is more of the configuration, `components` are more custom integrations.
        """
        storage = self.folder / ".storage"
        storage.mkdir(parents=True, exist_ok=True)
        configuration = CONFIGURATION.format(time_zone=time_zone, more=more)
        _write_once(self.folder / "configuration.yaml", configuration)
        # An `http:` block in the YAML would be tried out, and undone after five minutes by
        # ending the process. The storage holds for good. It is written in the oldest
        # format, which every release migrates by itself.
        _store(storage, "http", {"server_host": ["127.0.0.1"], "server_port": self.port})
        # Announce and discover nothing on the interfaces of this machine.
        _store(storage, "core.network", {"configured_adapters": ["lo", "lo0"]})
        # The last steps of the onboarding would set up integrations of the cloud.
        done = {"done": ["core_config", "analytics", "integration"]}
        _store(storage, "onboarding", done, version=4)
        for component in (ROOT / "custom_components" / "voltrail", *components):
            link = self.folder / "custom_components" / component.name
            link.parent.mkdir(exist_ok=True)
            if not link.is_symlink():
                link.symlink_to(component)

    def start(self, seconds: float = 60) -> None:
        """Start the process and wait until it answers."""
        self.process = Process(
            "Home Assistant",
            [sys.executable, "-m", "homeassistant", "-c", str(self.folder), "--skip-pip"],
            log=self.folder / "output.log",
            folder=self.folder,
            environment={"PYTHONPATH": str(STUBS), "PYTHONDONTWRITEBYTECODE": "", "NO_COLOR": "1"},
        )
        self._wait("answer", seconds, lambda: self._request("GET", "/manifest.json") is not None)

    def sign_in(self, username: str, password: str) -> None:
        """Become the owner: create the account on the first start, log in on later ones."""
        client = self.url + "/"
        try:
            account = {"name": username.title(), "username": username, "password": password}
            answer = self._request(
                "POST",
                "/api/onboarding/users",
                {**account, "client_id": client, "language": "en"},
            )
            code = answer["auth_code"]
        except urllib.error.HTTPError as err:
            if err.code not in {403, 404}:
                raise
            code = self._log_in(client, username, password)
        grant = {"grant_type": "authorization_code", "code": code, "client_id": client}
        self._receive(grant)

    def wait_until_running(self, seconds: float = 60) -> None:
        """Wait until every integration has been set up."""
        self._wait("run", seconds, lambda: self.get("/api/config")["state"] == "RUNNING")

    def get(self, path: str) -> Any:
        """Ask the API."""
        return self._request("GET", path, token=self._token())

    def post(self, path: str, data: dict[str, Any] | None = None) -> Any:
        """Tell the API."""
        return self._request("POST", path, data or {}, token=self._token())

    def talk(self) -> AbstractAsyncContextManager[Conversation]:
        """Open the websocket, for what the API has no address for."""
        return conversation(self.url, self._token())

    def delete(self, path: str) -> Any:
        """Have the API remove something."""
        return self._request("DELETE", path, token=self._token())

    def stop(self) -> None:
        """Stop the process; the folder keeps everything for the next start."""
        if self.process is not None:
            self.process.stop()
            self.process = None

    def _log_in(self, client: str, username: str, password: str) -> str:
        flow = self._request(
            "POST",
            "/auth/login_flow",
            {"client_id": client, "handler": ["homeassistant", None], "redirect_uri": client},
        )
        answer = self._request(
            "POST",
            f"/auth/login_flow/{flow['flow_id']}",
            {"client_id": client, "username": username, "password": password},
        )
        return str(answer["result"])

    def _receive(self, grant: dict[str, str]) -> None:
        """Exchange a grant for tokens. The browser needs them in the same shape."""
        answer = self._request("POST", "/auth/token", grant, form=True)
        self.tokens |= answer
        self._expiry = time.monotonic() + answer["expires_in"]

    def _token(self) -> str:
        """Give a token that is good for another minute."""
        if time.monotonic() > self._expiry - 60:
            self._receive(
                {
                    "grant_type": "refresh_token",
                    "refresh_token": self.tokens["refresh_token"],
                    "client_id": self.url + "/",
                }
            )
        return str(self.tokens["access_token"])

    def _wait(self, what: str, seconds: float, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + seconds
        while True:
            if self.process is not None:
                self.process.check()
            try:
                if condition():
                    return
            except urllib.error.HTTPError:
                raise
            except OSError:
                pass  # it does not listen yet
            if time.monotonic() > deadline:
                message = f"Home Assistant did not {what} within {seconds:.0f} seconds"
                raise NotReadyError(message)
            time.sleep(0.1)

    def _request(
        self,
        method: str,
        path: str,
        data: dict[str, Any] | None = None,
        *,
        token: str | None = None,
        form: bool = False,
    ) -> Any:
        headers = {}
        body = None
        if data is not None:
            body = (urllib.parse.urlencode(data) if form else json.dumps(data)).encode()
            kind = "application/x-www-form-urlencoded" if form else "application/json"
            headers["Content-Type"] = kind
        if token:
            headers["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(  # noqa: S310 - always http on the loopback
            self.url + path, body, headers, method=method
        )
        with _DIRECT.open(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")


# Without the proxy that the environment of this machine may name: it cannot reach us.
_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _write_once(path: Path, text: str) -> None:
    if not path.exists():
        path.write_text(text, encoding="utf-8")


def _store(folder: Path, key: str, data: dict[str, Any], *, version: int = 1) -> None:
    content = {"version": version, "minor_version": 1, "key": key, "data": data}
    _write_once(folder / key, json.dumps(content))
