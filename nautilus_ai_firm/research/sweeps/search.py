"""Searches -> their trials and outcomes: all of them side by side, a batch of each at a time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nautilus_ai_firm.research.sweeps.ledger import Ledger
from nautilus_ai_firm.research.sweeps.proposals import Parameters, Proposals
from nautilus_ai_firm.research.sweeps.trial import Outcome, Trial
from nautilus_ai_firm.research.sweeps.workers import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One search of a space.

    Attributes
    ----------
    proposals : Proposals
        What is tried next.
    trial : callable
        Makes a trial of its number and its values.

    """

    proposals: Proposals
    trial: Callable[[int, Parameters], Trial]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A trial's values and what came of them."""

    parameters: Mapping[str, Any]
    outcome: Outcome


def search(
    searches: Mapping[str, Search],
    objective: str,
    work: Work,
    ledger: Ledger,
    hear: Callable[[str, Outcome], None],
) -> dict[str, list[Tried]]:
    """Run every search to its end; what the ledger knows already is not run again.

    Parameters
    ----------
    searches : mapping of str to Search
        By phase.
    objective : str
        The figure that proposals hear of.
    work : Work
        Who runs the trials, in any order: nothing here depends on it.
    ledger : Ledger
        Where outcomes are kept.
    hear : callable
        Hears phase and outcome of each trial that was run now.

    Returns
    -------
    dict of str to list of Tried
        By phase, in the order of their numbers.

    """
    done: dict[str, list[Tried]] = {phase: [] for phase in searches}
    while batches := {phase: batch for phase, one in searches.items() if (batch := one.proposals.ask())}:
        trials = {
            phase: [searches[phase].trial(len(done[phase]) + place, values) for place, values in enumerate(batch)]
            for phase, batch in batches.items()
        }
        _run(trials, work, ledger, hear)
        for phase, batch in trials.items():
            known = ledger.of(phase)
            outcomes = [known[trial.number] for trial in batch]
            searches[phase].proposals.tell([outcome.score(objective) for outcome in outcomes])
            done[phase] += [
                Tried(parameters=trial.parameters, outcome=outcome)
                for trial, outcome in zip(batch, outcomes, strict=True)
            ]
    return done


def best(tried: list[Tried], objective: str) -> Tried | None:
    """Return the trial with the largest score, the first of equal ones; None where none has one."""
    scored = [(score, -one.outcome.number, one) for one in tried if (score := one.outcome.score(objective)) is not None]
    return max(scored, key=lambda item: item[:2])[2] if scored else None


def _run(trials: Mapping[str, list[Trial]], work: Work, ledger: Ledger, hear: Callable[[str, Outcome], None]) -> None:
    """Run what is not known; trials of all phases go out together, and an outcome comes with its place among them."""
    left = [
        (phase, trial)
        for phase, batch in trials.items()
        for known in (ledger.of(phase),)
        for trial in batch
        if trial.number not in known
    ]
    for place, outcome in work([trial for _, trial in left]):
        phase, _ = left[place]
        ledger.write(phase, outcome)
        hear(phase, outcome)
