"""Real options on both sides of a split: hourly quotes of AAPL on 6 and 9 June 2014, seven for one between them."""

import zipfile
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from nautilus_ai_firm.messages import OptionChain
from nautilus_ai_firm.models.estimators.constant_maturity import volatility_at
from nautilus_ai_firm.models.estimators.implied_forward import implied_forwards
from nautilus_ai_firm.models.estimators.option_quotes import option_quotes
from nautilus_ai_firm.models.estimators.smile import smiles

pytestmark = pytest.mark.shared_data

HOURS = [f"{day} {hour:02}:00" for day in ("20140606", "20140609") for hour in range(10, 16)]
RATE, TENOR, LONG = 0.001, 30 / 365, 90 / 365
NEW_YORK_BEHIND = timedelta(hours=4)


@pytest.fixture(scope="module")
def chains(shared_data):
    """One chain for the close of each hour, with the spot of that hour, both as they were traded."""
    folder = shared_data / "lean"
    spots = {row[0]: float(row[4]) / 1e4 for row in rows(folder / "equity/usa/hour/aapl.zip") if row[0] in HOURS}
    quotes = {hour: [] for hour in HOURS}
    for strike, expiry, is_call, row in contracts(folder / "option/usa/hour/aapl_2014_quote_american.zip"):
        if row[0] in quotes:
            bid, ask = (float(row[place]) / 1e4 if row[place] else np.nan for place in (4, 9))
            quotes[row[0]].append((strike, nanoseconds(expiry, 16), is_call, bid, ask))
    made = {}
    for hour, seen in quotes.items():
        strike, expiry_ns, is_call, bid, ask = (np.array(one) for one in zip(*seen, strict=True))
        made[hour] = OptionChain(
            underlying="AAPL", spot=spots[hour], strike=strike, expiry_ns=expiry_ns, is_call=is_call, bid=bid, ask=ask
        )
    return made


def rows(path):
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            yield from (line.split(",") for line in archive.read(name).decode().splitlines())


def contracts(path):
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            *_, side, strike, expiry = name.removesuffix(".csv").split("_")
            for line in archive.read(name).decode().splitlines():
                yield float(strike) / 1e4, expiry, side == "call", line.split(",")


def nanoseconds(day, hour):
    moment = datetime.strptime(day, "%Y%m%d").replace(hour=hour, tzinfo=UTC) + NEW_YORK_BEHIND
    return int(moment.timestamp()) * 1_000_000_000


def read(hour, chain):
    ts_ns = nanoseconds(hour[:8], int(hour[9:11]) + 1)
    quotes = option_quotes(chain, ts_ns, 5 / 365, 0.5)
    found = smiles(quotes, RATE, TENOR, LONG)
    return quotes, found, [volatility_at(tenor, found.years, found.volatility) for tenor in (TENOR, LONG)]


def test_volatility_is_of_one_piece_across_the_split(chains):
    near, far = np.array([read(hour, chain)[2] for hour, chain in chains.items()]).T
    spots = [chain.spot for chain in chains.values()]
    assert spots[0] > 600
    assert spots[-1] < 100
    assert ((near > 0.15) & (near < 0.3)).all()
    assert ((far > 0.2) & (far < 0.3)).all()
    assert np.abs(np.diff(near)).max() < 0.03
    assert np.abs(np.diff(far)).max() < 0.02


def test_the_dividend_of_august_is_in_the_forwards_after_it_and_not_in_those_before(chains):
    """Apple paid 0.47 in August 2014, half a per cent of its price; expiries around 90 days lie after it."""
    for hour, chain in chains.items():
        quotes, found, _ = read(hour, chain)
        forward = implied_forwards(quotes, found.years, RATE).price / chain.spot - 1
        before, after = found.years < 45 / 365, found.years > 65 / 365
        assert np.abs(forward[before]).max() < 0.0015
        assert ((forward[after] < -0.001) & (forward[after] > -0.006)).all()
