"""One TOML defines instruments without a vendor's words; what it misspells is refused with its path."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from nautilus_trader.model import CurrencyPair, Equity, FuturesContract, IndexInstrument, OptionContract

from nautilus_ai_firm.data.contract_names import full_year, future_name, option_name, third_friday
from nautilus_ai_firm.data.definitions import Definitions, load_definitions
from nautilus_ai_firm.data.errors import DataError
from nautilus_ai_firm.data.objects import instrument_object

SHIPPED = Path(__file__).parents[2] / "nautilus_ai_firm" / "data" / "instruments.toml"
FUTURE = """
[[instrument]]
kind = "future"
id = "ES.CME"
calendar = "CMES"
price_increment = "0.25"
multiplier = "50"
asset_class = "INDEX"
last_trading_time = "08:30"
time_zone = "America/Chicago"
"""
EQUITY = '[[instrument]]\nkind = "equity"\nid = "AAPL.XNAS"\ncalendar = "XNYS"\n'


def load(tmp_path: Path, text: str) -> Definitions:
    path = tmp_path / "instruments.toml"
    path.write_text(text)
    return load_definitions(path)


@pytest.mark.parametrize(
    ("name", "kind", "precision", "increment"),
    [
        ("ESZ13.CME", FuturesContract, 2, "0.25"),
        ("AAPL140621C00645000.USA", OptionContract, 4, "0.0001"),
        ("EURUSD.OANDA", CurrencyPair, 5, "0.00001"),
        ("SPX.USA", IndexInstrument, 4, "0.0001"),
    ],
)
def test_the_shipped_definitions_become_the_engines_instruments(name, kind, precision, increment):
    listing = load_definitions(SHIPPED).listing(name)
    assert listing is not None
    instrument = instrument_object(name, listing)
    assert type(instrument) is kind
    assert str(instrument.id) == name
    assert instrument.price_precision == precision
    assert str(instrument.price_increment) == increment


def test_a_future_is_read_off_its_name(tmp_path):
    listing = load(tmp_path, FUTURE).listing("ESH14.CME")
    assert listing is not None
    contract = instrument_object("ESH14.CME", listing)
    assert isinstance(contract, FuturesContract)
    assert listing.contract is not None
    assert listing.contract.expiration == "2014-03-21T13:30:00Z"  # third Friday, 8:30 in Chicago, daylight saving
    assert contract.expiration_ns == 1_395_408_600_000_000_000
    assert (contract.underlying, str(contract.multiplier)) == ("ES", "50")


def test_an_exception_to_the_rule_of_expiry(tmp_path):
    listing = load(tmp_path, FUTURE + "last_trading_days = {H14 = 2014-03-20}\n").listing("ESH14.CME")
    assert listing is not None
    assert listing.contract is not None
    assert listing.contract.expiration == "2014-03-20T13:30:00Z"


@pytest.mark.parametrize(
    ("name", "right", "strike", "expiration"),
    [
        ("AAPL140621C00645000.USA", "call", "645", "2014-06-20T20:00:00Z"),  # a Saturday: trades until Friday
        ("AAPL140613P00092140.USA", "put", "92.14", "2014-06-13T20:00:00Z"),
        ("AAPL150117C01000000.USA", "call", "1000", "2015-01-16T21:00:00Z"),
    ],
)
def test_an_option_is_read_off_its_name(name, right, strike, expiration):
    listing = load_definitions(SHIPPED).listing(name)
    assert listing is not None
    contract = listing.contract
    assert contract is not None
    assert (contract.right, contract.strike, contract.expiration) == (right, strike, expiration)
    option = instrument_object(name, listing)
    assert isinstance(option, OptionContract)
    assert str(option.strike_price) == strike
    assert str(option.multiplier) == "100"


def test_names_and_their_parts_go_both_ways():
    assert future_name("ES", 2013, 12, "CME") == "ESZ13.CME"
    expiry = date(2014, 6, 21)
    assert option_name("AAPL", expiry, "put", Decimal("92.14"), "USA") == "AAPL140621P00092140.USA"
    with pytest.raises(DataError, match=r"strike 1.0001 of AAPL \(allowed: three decimals\)"):
        option_name("AAPL", expiry, "put", Decimal("1.0001"), "USA")


@pytest.mark.parametrize(
    ("year", "month", "day"), [(2013, 12, 20), (2014, 3, 21), (2014, 8, 15), (2015, 5, 15), (2021, 1, 15)]
)
def test_third_fridays(year, month, day):
    assert third_friday(year, month) == date(year, month, day)


def test_two_digits_of_a_year():
    assert [full_year(year) for year in (0, 13, 69, 70, 99)] == [2000, 2013, 2069, 1970, 1999]


def test_an_equity_and_what_nothing_defines(tmp_path):
    definitions = load(tmp_path, EQUITY + 'tradable = false\nprice_increment = "0.01"\n')
    listing = definitions.listing("AAPL.XNAS")
    assert listing is not None
    assert not listing.tradable
    assert isinstance(instrument_object("AAPL.XNAS", listing), Equity)
    assert definitions.listing("MSFT.XNAS") is None
    assert definitions.listing("ESZ13.CME") is None
    assert load(tmp_path, FUTURE).listing("ES.CME") is None  # a product is no instrument


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (EQUITY + 'colour = "red"\n', "unknown field `colour`"),
        (EQUITY.replace("equity", "share"), "Invalid value 'share'"),
        (EQUITY.replace('id = "AAPL.XNAS"', 'id = "AAPL"'), r"instrument\[0\]\.id"),
        (EQUITY.replace('calendar = "XNYS"\n', ""), "missing required field `calendar`"),
        (EQUITY + "price_increment = 0.01\n", r"Expected `str`, got `float`"),
        (EQUITY + 'price_increment = "0.00"\n', r"price_increment 0.00 \(allowed: above 0\)"),
        (EQUITY * 2, r"AAPL.XNAS is defined twice"),
        (FUTURE.replace("08:30", "8h30"), "last_trading_time"),
        (FUTURE.replace("INDEX", "WEATHER"), "Invalid enum value 'WEATHER'"),
        ("[[instrument", "instruments.toml"),
        (FUTURE.replace("America/Chicago", "Mars/Base"), "time_zone Mars/Base"),
        (EQUITY.replace("XNYS", "XXXX"), "calendar XXXX"),
    ],
)
def test_what_is_no_definition_is_refused_with_its_path(tmp_path, text, message):
    with pytest.raises(DataError, match=message) as raised:
        load(tmp_path, text)
    assert "\n" not in str(raised.value)
    assert str(tmp_path / "instruments.toml") in str(raised.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"none\.toml: cannot be read: No such file"):
        load_definitions(tmp_path / "none.toml")
