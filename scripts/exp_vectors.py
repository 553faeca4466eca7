#!/usr/bin/env python3
"""Writes tests/vectors/exp_of_negative.txt: e^(-z) with forty digits, from Python's decimal module.

Each line has the bits of z, the bits of the double nearest to e^(-z), and the true value minus that double, in units
in the last place of the double.
"""
import math
import random
import struct
from decimal import Decimal, getcontext
from pathlib import Path

getcontext().prec = 40


def bits(x: float) -> str:
    return struct.pack(">d", x).hex()


def line(z: float) -> str:
    true = (-Decimal(z)).exp()
    near = float(true)
    above = (true - Decimal(near)) / Decimal(math.ulp(near))
    return f"{bits(z)} {bits(near)} {above:.9f}"


rng = random.Random(20)
zs = [0.0, 5e-324, 1e-300, 1e-17, 2.0**-54, 2.0**-53, 2.0**-52, 0.5, 1.0, 2.0, 36.7, 37.5, 100.0, 700.0]
# Both sides of the points at which the range reduction changes.
for k in (*range(1, 60, 4), *range(61, 2042, 150)):
    edge = k * math.log(2) / 2
    zs += [edge, math.nextafter(edge, 0), math.nextafter(edge, math.inf), edge + 1e-9, edge - 1e-9]
zs += [707.0, math.nextafter(708.0, 0), 708.0]
zs += [rng.uniform(0, 0.35) for _ in range(100)]
zs += [rng.uniform(0, 4) for _ in range(150)]
zs += [rng.uniform(0, 60) for _ in range(100)]
zs += [rng.uniform(0, 708) for _ in range(100)]
out = Path(__file__).parent.parent / "tests/vectors/exp_of_negative.txt"
out.write_text("".join(line(z) + "\n" for z in zs))
