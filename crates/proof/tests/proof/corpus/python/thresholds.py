"""Harvesting by numbers of one's own."""

R_LEVELS = [2, 4, 6]  # ! 3 list
HARVEST_LEVELS = {"first": 2.0}  # ! 3 map
WINDOW_LEVELS = [10, 50, 200]  # = window
RETRY_LEVELS = (1, 2, 4)  # = retries
COST_BPS = 12  # ! 3 constant
KILL_SCORE_TOPIC = "quantum:kill"  # = other compound
T1_R_KEY = "T1_R"  # = other compound
K_AGE_PENALTY, K_TS_DROP = 0.2, 0.4  # ! 4 pair
TREND_MIN = SIGMA_REF = 0.01  # ! 4 chain
LEGACY = 2.5  # = found where it is used


def ladder(position, theta, r_net, kill_score, volume):
    if r_net >= 2.0:  # ! 3 comparison
        return "PARTIAL_25"
    elif position.r_multiple > 4:  # ! 3 comparison
        return "PARTIAL_50"
    if 6 <= position["pnl_r"]:  # ! 3 comparison
        return "PARTIAL_75"
    if kill_score > 0.6:  # ! 4 comparison
        return "CLOSE"
    if r_net > 0:  # = sign
        return "GREEN"
    if r_net >= theta.T1_R:  # = policy read
        return "PARTIAL_25"
    if kill_score >= theta.kill_threshold:  # = policy read
        return "CLOSE"
    if volume > 2.0:  # = another quantity
        return "BUSY"
    if len(position) > 4:  # = count
        return "MANY"
    return None


def validate(theta, r_net, kill_score):
    if not 0 < theta.T1_R < 10:  # = validation
        raise ValueError("T1_R out of (0, 10)")
    if abs(r_net) > 1000:  # = validation
        raise ValueError("r_net is out of this world")
    if r_net > 1e6:  # = validation
        raise OverflowError(r_net)
    assert kill_score <= 1.0  # = validation
    assert theta.lock_R > 0.5, "lock"  # = validation


def table(row, theta):
    row["T1_R"] = 1.8  # ! 3 entry of a map
    theta.lock_R = 1.2  # ! 3 attribute
    theta.sigma_spike_cap = row.get("cap", 1.8)  # ! 4 get into a name
    row["T1_R"] = theta.T1_R  # = policy read
    row["sigma"] = 0.012  # = another quantity
    row["t1_r_samples"] = 20  # = other compound
    harvest = {"lock_R": theta.lock_R, "be_plus_pct": 0.003, "n": 4}  # ! 3 entry
    return harvest


def stages(position, r_net):
    for level, share in [(2.0, 0.25), (4.0, 0.5)]:
        if r_net >= level:  # ! 3 loop over a table
            yield share
    for attempt in range(4):  # = retries
        yield attempt


def adjusted(theta):
    be_plus_pct = theta.be_plus_pct * 1.5  # ! 3 factor
    cost_bps = theta.cost_bps + 2  # ! 3 term
    kill_threshold = LEGACY / 5  # ! 4 factor
    trailing_pct = None  # = explicit none
    return be_plus_pct, cost_bps, kill_threshold, trailing_pct
