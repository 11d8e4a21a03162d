"""Environment variables -> where the broker's gateway is and which account is traded, or one clear refusal."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from nautilus_ai_firm.gateways.errors import GatewayError
from nautilus_ai_firm.settings import InteractiveBrokers

PAPER_PREFIX = "DU"
LIVE_PORTS = {4001: "IB Gateway", 7496: "TWS"}  # where a session for real money listens, unless somebody changed it
GATEWAY_PAPER_PORT = "4002"
HOST_FORM = "a host name or an address"
LAST_CLIENT_ID = 999
# client ids of who calls beside the node, so that none takes the node's
PROBE_OFFSET, WATCH_OFFSET, HISTORY_OFFSET = 1_000, 2_000, 3_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where orders go: a gateway, the client id of the node, an account, and whether it is for real money."""

    host: str
    port: int
    client_id: int
    account: str
    real_money: bool

    @property
    def address(self) -> str:
        """Host and port, for messages."""
        return f"{self.host}:{self.port}"

    @property
    def probe_client_id(self) -> int:
        """The client id of the probe."""
        return self.client_id + PROBE_OFFSET

    @property
    def watch_client_id(self) -> int:
        """The client id of the watch."""
        return self.client_id + WATCH_OFFSET

    @property
    def history_client_id(self) -> int:
        """The client id under which bars of the past are asked for."""
        return self.client_id + HISTORY_OFFSET


def shortened(account: str) -> str:
    """Write an account so that its owner knows it and a reader of a log does not: letters and the last three digits."""
    letters = re.match(r"[A-Z]{0,3}", account)
    return f"{letters[0] if letters else ''}…{account[-3:]}"


def read_endpoint(settings: InteractiveBrokers, environment: Mapping[str, str], *, real_money: bool) -> Endpoint:
    """Read where orders go; nothing of it stands in a file.

    For paper `IB_ACCOUNT`, and where they differ from the usual `IB_HOST` (127.0.0.1), `IB_PORT` (4002) and
    `IB_CLIENT_ID` (1); for real money the same with `IB_LIVE_` before the last word, and no usual port.

    Parameters
    ----------
    settings : InteractiveBrokers
        The table `[live.ib]` of the configuration.
    environment : mapping
        The environment of the process.
    real_money : bool
        Whether the entry point is the one for real money.

    Raises
    ------
    GatewayError
        A variable that is missing or not of its form; a configuration for paper at the entry point for real money, or
        the other way round; for paper an account that does not begin with `DU`, or a port where real money is traded;
        for real money an account for paper.

    """
    mode, other = ("live", "paper") if real_money else ("paper", "live")
    if settings.mode != mode:
        raise GatewayError(f'live.ib.mode = "{settings.mode}" (allowed here: "{mode}"; "{other}" has its own script)')
    prefix = "IB_LIVE_" if real_money else "IB_"
    endpoint = Endpoint(
        host=_text(environment, f"{prefix}HOST", "127.0.0.1", r"[A-Za-z0-9.:_-]+", HOST_FORM),
        port=_number(environment, f"{prefix}PORT", None if real_money else GATEWAY_PAPER_PORT, 65_535),
        client_id=_number(environment, f"{prefix}CLIENT_ID", "1", LAST_CLIENT_ID),
        account=_text(environment, f"{prefix}ACCOUNT", None, r"[A-Z]{1,3}[0-9]{4,12}", "letters, then digits"),
        real_money=real_money,
    )
    try:
        endpoint.host.encode("idna")
    except UnicodeError:
        raise GatewayError(f"{prefix}HOST = {endpoint.host!r} (allowed: {HOST_FORM})") from None
    _refuse_other_money(endpoint, prefix)
    return endpoint


def _refuse_other_money(endpoint: Endpoint, prefix: str) -> None:
    is_paper, name = endpoint.account.startswith(PAPER_PREFIX), f"{prefix}ACCOUNT = {shortened(endpoint.account)}"
    if endpoint.real_money:
        if is_paper:
            raise GatewayError(f"{name} is an account for paper (allowed for real money: one without {PAPER_PREFIX})")
        return
    if not is_paper:
        raise GatewayError(f"{name} is no account for paper (allowed: one that begins with {PAPER_PREFIX})")
    if endpoint.port in LIVE_PORTS:
        where = LIVE_PORTS[endpoint.port]
        raise GatewayError(
            f"{prefix}PORT = {endpoint.port} is where {where} trades real money (allowed for paper: any other port, "
            "usually 4002 for IB Gateway and 7497 for TWS)"
        )


def _text(environment: Mapping[str, str], name: str, usual: str | None, form: str, allowed: str) -> str:
    value = environment.get(name, "") or usual
    if value is None:
        raise GatewayError(f"{name} is not set (allowed: {allowed}, in the environment)")
    if not re.fullmatch(form, value):
        shown = shortened(value) if name.endswith("ACCOUNT") else value
        raise GatewayError(f"{name} = {shown!r} (allowed: {allowed})")
    return value


def _number(environment: Mapping[str, str], name: str, usual: str | None, last: int) -> int:
    allowed = f"a whole number from 1 to {last}"
    value = int(_text(environment, name, usual, r"[0-9]{1,9}", allowed))
    if not 1 <= value <= last:
        raise GatewayError(f"{name} = {value} (allowed: {allowed})")
    return value
