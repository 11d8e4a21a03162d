"""What the market desk tells: the market at one closed round, and what came late."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from nautilus_ai_firm.messages.arrays import Bools, Floats, ReadOnlyArrays, Times


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What a firm looks at, by name: what a model is made for.

    Attributes
    ----------
    instruments : tuple of str
        The universe, in the order of every array over instruments.
    inputs : tuple of str
        Index closes and macro series, in the order of `MarketSnapshot.inputs`.
    events : tuple of str
        Kinds of scheduled events, in the order of the rows of `Events`.
    chains : tuple of str
        Underlyings of the option chains, in the order of `MarketSnapshot.chains`.
    quotes : bool
        Whether snapshots have quotes.

    """

    instruments: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    chains: tuple[str, ...] = ()
    quotes: bool = False

    def places_of(self, names: Sequence[str]) -> list[int]:
        """Return the places of instruments in the universe.

        Raises
        ------
        ValueError
            A name that is not in the universe; the message says which, and which there are.

        """
        return _places(names, self.instruments, "in the universe")

    def input_places_of(self, names: Sequence[str]) -> list[int]:
        """Return the places of inputs in `MarketSnapshot.inputs`.

        Raises
        ------
        ValueError
            A name that is not among the inputs; the message says which, and which there are.

        """
        return _places(names, self.inputs, "among the inputs")


def _places(names: Sequence[str], there: tuple[str, ...], where: str) -> list[int]:
    for name in names:
        if name not in there:
            raise ValueError(f"{name} is not {where} ({', '.join(there) or 'there are none'})")
    return [there.index(name) for name in names]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotes(ReadOnlyArrays):
    """The last quotes up to the close of a round.

    Attributes
    ----------
    bid, ask : ndarray of shape (n_instruments,)
        Best prices; NaN where there is no quote yet.
    bid_size, ask_size : ndarray of shape (n_instruments,)
        Quantities at the best prices; NaN where there is no quote yet.
    fresh : ndarray of shape (n_instruments,)
        Whether a quote came since the round before.

    """

    bid: Floats
    ask: Floats
    bid_size: Floats
    ask_size: Floats
    fresh: Bools


@dataclass(frozen=True, slots=True, kw_only=True)
class Events(ReadOnlyArrays):
    """Scheduled events, as they were known at the close of a round.

    Attributes
    ----------
    last_ns : ndarray of shape (n_kinds, n_instruments)
        Time of the last event of each kind that concerns each instrument, at or before the close of the round,
        nanoseconds UTC; 0 where there is none.
    next_ns : ndarray of shape (n_kinds, n_instruments)
        Time of the first such event after the close of the round that was announced by then; 0 where there is none.

    """

    last_ns: Times
    next_ns: Times


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionChain(ReadOnlyArrays):
    """The options on one underlying at the close of a round: those that were listed and have not expired.

    Attributes
    ----------
    underlying : str
        Name of the underlying in the universe.
    spot : float
        Price of the underlying in the unit of the strikes, unadjusted; NaN where it is not known.
    strike : ndarray of shape (n_contracts,)
        Strikes, in the contracts' price unit.
    expiry_ns : ndarray of shape (n_contracts,)
        Expiry, nanoseconds UTC.
    is_call : ndarray of shape (n_contracts,)
        Calls; the others are puts.
    bid, ask : ndarray of shape (n_contracts,)
        Last quotes of this round; NaN where there was none.

    """

    underlying: str
    spot: float
    strike: Floats
    expiry_ns: Times
    is_call: Bools
    bid: Floats
    ask: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSnapshot(ReadOnlyArrays):
    """The market at one closed round.

    Attributes
    ----------
    round : int
        Counter of rounds, from 1; rounds of the history end with 0.
    ts_event : int
        Close of the decision bar, nanoseconds UTC.
    open, high, low, close, volume : ndarray of shape (n_instruments,)
        The closed bar; an instrument without a bar in this round keeps its last close in all four prices, with
        volume 0 (NaN before its first bar).
    fresh : ndarray of shape (n_instruments,)
        Whether the instrument has a bar in this round.
    inputs : ndarray of shape (n_inputs,)
        Last value of every input (index close or macro series) published by the close; NaN before the first.
    inputs_fresh : ndarray of shape (n_inputs,)
        Whether the input changed since the round before.
    session_open_ns, session_close_ns : int
        Open and close of the exchange's session in which the round closes, both ends included, nanoseconds UTC; 0
        outside of sessions.
    quotes : Quotes, optional
        Best bid and ask of the universe, where the firm looks at quotes.
    events : Events, optional
        Scheduled events, where the firm looks at any.
    chains : tuple of OptionChain
        Option chains, one for each that the firm looks at, in the order of the configuration.

    """

    round: int
    ts_event: int
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    fresh: Bools
    inputs: Floats
    inputs_fresh: Bools
    session_open_ns: int = 0
    session_close_ns: int = 0
    quotes: Quotes | None = None
    events: Events | None = None
    chains: tuple[OptionChain, ...] = ()

    @property
    def is_history(self) -> bool:
        """Whether desks only learn from this round: it lies before the first one, and nobody decides."""
        return self.round <= 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LateBar:
    """A bar that came after its round was closed: recorded, and otherwise not used.

    Attributes
    ----------
    ts_event, ts_init : int
        Close of the bar and its arrival, nanoseconds UTC.
    round : int
        The last round that was closed when it came.
    instrument_id : str
        Whose bar it is.
    close : Decimal
        Its close.

    """

    ts_event: int
    ts_init: int
    round: int
    instrument_id: str
    close: Decimal
