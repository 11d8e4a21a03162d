"""A session at a broker from its command to its run folder: the account is probed, the firm built, run and sealed."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

from nautilus_ai_firm.gateways.account_probe import GatewayFacts, probe
from nautilus_ai_firm.gateways.errors import HistoryError
from nautilus_ai_firm.gateways.ib_endpoint import Endpoint, shortened
from nautilus_ai_firm.hosts.broker import NODE, BrokerSession
from nautilus_ai_firm.hosts.broker_opening import Waits, open_broker
from nautilus_ai_firm.hosts.broker_plan import BrokerPlan, contracts_of
from nautilus_ai_firm.hosts.session import sealed
from nautilus_ai_firm.hosts.stopping import Stop
from nautilus_ai_firm.hosts.supervisor import Ended, Supervisor
from nautilus_ai_firm.runs.folder import Run, new_folder, open_run
from nautilus_ai_firm.runs.sealing import seal_session


def check_broker(plan: BrokerPlan) -> list[str]:
    """Check configuration, catalog, environment, gateway, account and history, and leave nothing behind.

    Returns
    -------
    list of str
        What was found, for people.

    Raises
    ------
    ConfigError, CatalogError, RunError
        The configuration, the catalog or the output folder cannot be used.
    GatewayError
        The gateway is not there, is not the right one, has an account that the firm may not trade, or its bars do not
        continue those of the catalog.

    """
    folder = new_folder(plan.out, plan.loaded.firm.name)
    endpoint = plan.endpoint
    contracts_of(plan)
    probe(endpoint, plan.settings, plan.say)
    _, found = open_broker(plan, endpoint, folder, Waits(Stop()), takes_back=False)
    return [*found, f"checked: the gateway at {endpoint.address} has account {shortened(endpoint.account)}"]


def run_broker(plan: BrokerPlan) -> list[Run]:
    """Run a session at a broker, again after every loss, and seal a run folder for each attempt.

    Returns
    -------
    list of Run
        The attempts in order; none where the session was ended before it began.

    Raises
    ------
    ConfigError, CatalogError, RunError, GatewayError
        As `check_broker`; or nothing could be traded for hours.
    SessionError
        A desk raised; the run folder says what failed.

    """
    new_folder(plan.out, plan.loaded.firm.name)
    endpoint = plan.endpoint
    contracts_of(plan)
    attempts = _Attempts(plan, endpoint)
    patience = attempts.waits.patience
    Supervisor(endpoint, plan.settings, attempts.run, attempts.stop, plan.say, patience).run()
    return attempts.runs


class _Attempts:
    """The attempts of one session."""

    def __init__(self, plan: BrokerPlan, endpoint: Endpoint) -> None:
        self._plan = plan
        self._endpoint = endpoint
        self._end_s = None if plan.minutes is None else time.monotonic() + plan.minutes * 60
        self.stop = Stop()
        self.waits = Waits(self.stop)
        self.runs: list[Run] = []

    def run(self, _facts: GatewayFacts, trades: Callable[[], None]) -> Ended:
        """Run the session until it is over, or the broker is lost and does not come back by itself."""
        plan, out = self._plan, self._plan.out
        if out is not None and self.runs:
            out = out.with_name(f"{out.name}-{len(self.runs) + 1}")
        folder = new_folder(out, plan.loaded.firm.name)
        try:
            opening, found = open_broker(plan, self._endpoint, folder, self.waits, takes_back=True)
        except HistoryError as error:
            if not self.runs:
                raise
            return Ended(again=True, why=str(error))
        for line in found:
            plan.say(line)
        left = None if self._end_s is None else max(0.001, (self._end_s - time.monotonic()) / 60)
        opening = replace(opening, minutes=left, trades=trades)
        with closing(BrokerSession(opening, self.stop)) as session:
            failure = session.run()
        if failure is not None and failure.component == NODE and session.is_recorded:
            seal_session(folder)
            self.runs.append(open_run(folder))
            return Ended(again=True, why=failure.error)
        self.runs.append(sealed(folder, failure, is_recorded=session.is_recorded))
        return Ended(again=False, why=self.stop.cause or "normal")
