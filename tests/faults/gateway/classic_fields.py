"""Which field of a message stands where in the protocol of text fields, version 178.

`_` is read over, `=x` is always written as x; the order for a share has no legs, conditions, hedge or algorithm.
"""

_WHOLE = tuple(
    f"contract.{name}"
    for name in (
        "conId", "symbol", "secType", "lastTradeDateOrContractMonth", "strike", "right", "multiplier", "exchange",
        "primaryExch", "currency", "localSymbol", "tradingClass",
    )
)  # fmt: skip
_OF_ORDERS = tuple(path for path in _WHOLE if not path.endswith("primaryExch"))
_OF_PORTFOLIO = tuple(path for path in _WHOLE if not path.endswith(".exchange"))
_BLOCKS = {"WHOLE": _WHOLE, "CONTRACT": _OF_ORDERS, "PORTFOLIO": _OF_PORTFOLIO}


def _fields(text: str) -> tuple[str, ...]:
    return tuple(path for word in text.split() for path in _BLOCKS.get(word, (word,)))


def _of(owner: str, text: str) -> str:
    return " ".join(word if word.startswith("=") else f"{owner}.{word}" for word in text.split())


BAR = _fields("date open high low close volume WAP barCount")

REQUEST_FIELDS = {
    name: _fields(text)
    for name, text in {
        "MarketDataRequest": "_ reqId WHOLE _ genericTickList snapshot regulatorySnapshot",
        "CancelMarketData": "_ reqId",
        "PlaceOrderRequest": "orderId WHOLE contract.secIdType contract.secId "
        + _of("order", "action totalQuantity orderType lmtPrice auxPrice tif ocaGroup account openClose origin")
        + " " + _of("order", "orderRef transmit parentId blockOrder sweepToFill displaySize triggerMethod outsideRth")
        + " order.hidden _ " + _of("order", "discretionaryAmt goodAfterTime goodTillDate faGroup faMethod faPercentage")
        + " " + _of("order", "modelCode shortSaleSlot designatedLocation exemptCode ocaType"),
        "CancelOrderRequest": "_ orderId orderCancel.manualOrderCancelTime",
        "OpenOrdersRequest": "_",
        "AccountDataRequest": "_ subscribe acctCode",
        "ExecutionRequest": "_ reqId " + _of("executionFilter", "clientId acctCode time symbol secType exchange side"),
        "IdsRequest": "_ numIds",
        "ContractDataRequest": "_ reqId WHOLE contract.includeExpired contract.secIdType contract.secId",
        "AutoOpenOrdersRequest": "_ autoBind",
        "AllOpenOrdersRequest": "_",
        "ManagedAccountsRequest": "_",
        "HistoricalDataRequest": "reqId WHOLE contract.includeExpired endDateTime barSizeSetting duration useRTH "
        "whatToShow formatDate keepUpToDate",
        "CancelHistoricalData": "_ reqId",
        "CurrentTimeRequest": "_",
        "RealTimeBarsRequest": "_ reqId WHOLE barSize whatToShow useRTH",
        "CancelRealTimeBars": "_ reqId",
        "GlobalCancelRequest": "_",
        "MarketDataTypeRequest": "_ marketDataType",
        "PositionsRequest": "_",
        "AccountSummaryRequest": "_ reqId group tags",
        "CancelAccountSummary": "_ reqId",
        "CancelPositions": "_",
        "StartApiRequest": "_ clientId optionalCapabilities",
        "AccountUpdatesMultiRequest": "_ reqId account modelCode ledgerAndNLV",
        "CancelAccountUpdatesMulti": "_ reqId",
        "PnLRequest": "reqId account modelCode",
        "CancelPnL": "reqId",
        "TickByTickRequest": "reqId WHOLE tickType numberOfTicks ignoreSize",
        "CancelTickByTick": "reqId",
        "CompletedOrdersRequest": "apiOnly",
    }.items()
}  # fmt: skip

_ORDER_HEAD = _of("order", "action totalQuantity orderType lmtPrice auxPrice tif ocaGroup account openClose origin")
_ORDER_MARKS = _of("order", "permId outsideRth hidden discretionaryAmt goodAfterTime")
_ORDER_GROUPS = _of("order", "faGroup faMethod faPercentage modelCode goodTillDate rule80A percentOffset settlingFirm")
_ORDER_SHORT = _of("order", "shortSaleSlot designatedLocation exemptCode")
_ORDER_STOCK = _of("order", "startingPrice stockRefPrice delta stockRangeLower stockRangeUpper displaySize")
_ORDER_SCALE = _of("order", "scaleInitLevelSize scaleSubsLevelSize =")  # without an increment there is no scale
_ORDER_OFFSETS = _of("order", "minTradeQty minCompeteSize competeAgainstBestOffset midOffsetAtWhole midOffsetAtHalf")
_NO_LEGS = "=0 =0 =0"  # combo legs, their prices, routing parameters

_OPEN_ORDER = " ".join((
    "orderId CONTRACT", _ORDER_HEAD, "order.orderRef order.clientId", _ORDER_MARKS, "=", _ORDER_GROUPS, _ORDER_SHORT,
    "=", _ORDER_STOCK, _of("order", "blockOrder sweepToFill allOrNone minQty ocaType"), "=0 =0 =",
    _of("order", "parentId triggerMethod volatility volatilityType"), "= =",
    _of("order", "continuousUpdate referencePriceType trailStopPrice trailingPercent"), "= = =", _NO_LEGS, _ORDER_SCALE,
    "=", _of("order", "optOutSmartRouting clearingAccount clearingIntent notHeld"), "=0 =",
    "order.solicited order.whatIf",
    _of("orderState", "status initMarginBefore maintMarginBefore equityWithLoanBefore initMarginChange"),
    _of("orderState", "maintMarginChange equityWithLoanChange initMarginAfter maintMarginAfter equityWithLoanAfter"),
    _of("orderState", "commissionAndFees minCommissionAndFees maxCommissionAndFees commissionAndFeesCurrency"),
    "orderState.warningText order.randomizeSize order.randomizePrice =0",
    _of("order", "adjustedOrderType triggerPrice trailStopPrice lmtPriceOffset adjustedStopPrice"),
    _of("order", "adjustedStopLimitPrice adjustedTrailingAmount adjustableTrailingUnit = = = cashQty"),
    _of("order", "dontUseAutoPriceForHedge isOmsContainer discretionaryUpToLimitPrice usePriceMgmtAlgo duration"),
    _of("order", "postToAts autoCancelParent"), _ORDER_OFFSETS,
))  # fmt: skip

_COMPLETED_ORDER = " ".join((
    "CONTRACT", _ORDER_HEAD, "order.orderRef", _ORDER_MARKS, _ORDER_GROUPS, _ORDER_SHORT, _ORDER_STOCK,
    _of("order", "sweepToFill allOrNone minQty ocaType triggerMethod volatility volatilityType"), "= =",
    _of("order", "continuousUpdate referencePriceType trailStopPrice trailingPercent"), "=", _NO_LEGS, _ORDER_SCALE,
    "=", _of("order", "clearingAccount clearingIntent notHeld"), "=0 =",
    "order.solicited orderState.status order.randomizeSize order.randomizePrice =0",
    _of("order", "trailStopPrice lmtPriceOffset cashQty dontUseAutoPriceForHedge isOmsContainer autoCancelDate"),
    _of("order", "filledQuantity refFuturesConId autoCancelParent shareholder imbalanceOnly routeMarketableToBbo"),
    "order.parentPermId orderState.completedTime orderState.completedStatus", _ORDER_OFFSETS,
))  # fmt: skip

ANSWER_FIELDS = {
    name: _fields(text)
    for name, text in {
        "TickPrice": "=6 reqId tickType price size attrMask",
        "TickSize": "=6 reqId tickType size",
        "OrderStatus": "orderId status filled remaining avgFillPrice permId parentId lastFillPrice clientId whyHeld "
        "mktCapPrice",
        "ErrorMessage": "=2 id errorCode errorMsg advancedOrderRejectJson",
        "OpenOrder": _OPEN_ORDER,
        "AccountValue": "=2 key value currency accountName",
        "PortfolioValue": "=8 PORTFOLIO position marketPrice marketValue averageCost unrealizedPNL realizedPNL "
        "accountName",
        "AccountUpdateTime": "=1 timeStamp",
        "NextValidId": "=1 orderId",
        "ContractData": "reqId "
        + _of("contract", "symbol secType lastTradeDateOrContractMonth strike right exchange currency localSymbol")
        + " contractDetails.marketName contract.tradingClass contract.conId contractDetails.minTick "
        + "contract.multiplier " + _of("contractDetails", "orderTypes validExchanges priceMagnifier underConId")
        + " contractDetails.longName contract.primaryExch "
        + _of("contractDetails", "contractMonth industry category subcategory timeZoneId tradingHours liquidHours")
        + " contractDetails.evRule contractDetails.evMultiplier =0 "
        + _of("contractDetails", "aggGroup underSymbol underSecType marketRuleIds realExpirationDate stockType minSize")
        + " contractDetails.sizeIncrement contractDetails.suggestedSizeIncrement",
        "ExecutionDetails": "reqId execution.orderId CONTRACT "
        + _of("execution", "execId time acctNumber exchange side shares price permId clientId isLiquidation cumQty")
        + " " + _of("execution", "avgPrice orderRef evRule evMultiplier modelCode lastLiquidity")
        + " execution.isPriceRevisionPending",
        "ManagedAccounts": "=1 accountsList",
        "HistoricalData": "reqId = = bars",
        "CurrentTime": "=1 currentTime",
        "RealTimeBarTick": "=3 reqId time open high low close volume WAP count",
        "ContractDataEnd": "=1 reqId",
        "OpenOrdersEnd": "=1",
        "AccountDataEnd": "=1 accountName",
        "ExecutionDetailsEnd": "=1 reqId",
        "TickSnapshotEnd": "=1 reqId",
        "MarketDataType": "=1 reqId marketDataType",
        "CommissionAndFeesReport": "=1 execId commissionAndFees currency realizedPNL bondYield yieldRedemptionDate",
        "Position": "=3 account CONTRACT position avgCost",
        "PositionEnd": "=1",
        "AccountSummary": "=1 reqId account tag value currency",
        "AccountSummaryEnd": "=1 reqId",
        "AccountUpdateMulti": "=1 reqId account modelCode key value currency",
        "AccountUpdateMultiEnd": "=1 reqId",
        "TickReqParams": "reqId minTick bboExchange snapshotPermissions",
        "HistoricalDataUpdate": "reqId "
        + _of("historicalDataBar", "barCount date open close high low WAP volume"),
        "PnL": "reqId dailyPnL unrealizedPnL realizedPnL",
        "TickByTickData": "reqId tickType tick",
        "CompletedOrder": _COMPLETED_ORDER,
        "CompletedOrdersEnd": "",
    }.items()
}  # fmt: skip
