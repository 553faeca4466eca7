"""Who may close."""

from dataclasses import dataclass

EXIT_OWNER = "exitbrain_v3_5"


class Closer:
    def __init__(self, exchange, ownership):
        self.exchange = exchange
        self.ownership = ownership

    def panic(self, position):
        self.exchange.close_position(position.symbol)  # ! 7 close without owner

    def reduce(self, symbol, qty):
        self.exchange.create_order(symbol=symbol, qty=qty, reduce_only=True)  # ! 7 reduce-only without owner

    def by_map(self, symbol):
        params = {"symbol": symbol, "reduceOnly": "true"}
        self.exchange.futures_create_order(**params)  # ! 7 reduce-only in a map

    def by_key(self, symbol):
        order = {"symbol": symbol}
        order["closePosition"] = True
        self.exchange.submit_order(order)  # ! 7 reduce-only written into a map

    def flat(self):
        self.exchange.flatten()  # ! 7 flatten

    async def late(self, source, position):
        await self.exchange.close_position(position.symbol)  # ! 7 owner asked too late
        if source != EXIT_OWNER:
            return None

    def publish(self, redis, fields):
        redis.xadd("quantum:stream:trade.exit", fields)  # ! 7 stream of exits

    def owned(self, source, position):
        if source != EXIT_OWNER:
            return
        self.exchange.close_position(position.symbol)  # = owned exit

    def asked(self, source, symbol):
        self.ownership.require(source)
        self.exchange.create_order(symbol=symbol, reduce_only=True)  # = owned exit

    def permitted(self, exit_permit, symbol):
        self.exchange.market_close(symbol)  # = owned exit

    def guarded(self, source, order):
        if not is_exit_owner(source):
            raise PermissionError(source)
        order["reduce_only"] = True  # = explicit flag
        self.exchange.send_order(order)  # = owned exit


def tidy(session, cursor, frame, file, socket, position):
    session.close()  # = closing something else
    cursor.close()  # = closing something else
    file.close()  # = closing something else
    socket.close()  # = closing something else
    last = frame["close"]  # = closing price
    price = position.close_price()  # = closing price
    score = close_score(position)  # = closing price
    frame.flatten()  # = closing something else
    reason = get_exit_reason(position)  # = closing price
    return last, price, score, reason


@dataclass
class Order:
    symbol: str
    reduce_only: bool = False  # ! 7 field default
    post_only: bool = False  # = another flag
    hidden: bool = False  # = another flag


def place(exchange, symbol, reduce_only=False):  # ! 7 default argument
    return exchange, symbol, reduce_only


def read(fields, request):
    flag = fields.get("reduce_only", False)  # ! 7 get
    other = fields.get("reduceOnly") or False  # ! 7 or
    third = getattr(request, "reduce_only", False)  # ! 7 getattr
    fourth = fields["reduce_only"]  # = no default
    fifth = fields.get("reduce_only")  # = no default
    sixth = fields.get("post_only", False)  # = another flag
    return flag, other, third, fourth, fifth, sixth
