"""What two systems export: every customer in a file of its day, who has left in one written anew.

Forty customers come a day and fifteen call the hotline. Whether they have left is known of the
first 500 from the beginning, of the next hundred since the second day, of others in the night of
theirs.
"""

import csv
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

import numpy as np

FIRST_DAY = date(2024, 3, 4)
FIRST_CUSTOMERS, NEW_CUSTOMERS, CHANGED = 600, 40, 15
KNOWN_AT_FIRST = 500

Customer = dict[str, object]


class Exports:
    """The folder of both, of which each day can be written once, in order."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self._random = np.random.default_rng(0)
        self._customers: list[Customer] = []
        self._left: dict[int, bool] = {}

    def write(self, day: date) -> None:
        number = (day - FIRST_DAY).days
        for at in self._random.choice(len(self._customers), CHANGED * bool(number), replace=False):
            calls = self._customers[at]["support_calls"]
            self._customers[at]["support_calls"] = int(str(calls)) + 1
        while len(self._customers) < FIRST_CUSTOMERS + NEW_CUSTOMERS * number:
            self._customers.append(self._customer())
        self._write(f"customers_{day}.csv", list(self._customers[0]), self._rows())
        for at in range(len(self._customers)):
            if at not in self._left and self._is_known(at, number):
                self._left[at] = self._leaves(self._customers[at])
        outcomes = ((f"c{at:04d}", left) for at, left in sorted(self._left.items()))
        self._write("departures.csv", ["customer_id", "has_left"], outcomes)

    def _customer(self) -> Customer:
        random = self._random
        return {
            "customer_id": f"c{len(self._customers):04d}",
            "age": int(random.integers(18, 80)),
            "tenure_months": int(random.integers(0, 72)),
            "monthly_charge": round(float(random.gamma(4, 15)), 2),
            "support_calls": int(random.poisson(1.5)),
            "plan": str(random.choice(["basic", "plus", "pro"])),
            "is_business": bool(random.random() < 0.2),
            "gender": str(random.choice(["f", "m"])),
        }

    def _is_known(self, at: int, number: int) -> bool:
        return at < KNOWN_AT_FIRST or number >= max(1, (at - FIRST_CUSTOMERS) // NEW_CUSTOMERS + 1)

    def _leaves(self, customer: Customer) -> bool:
        calls, tenure = (float(str(customer[name])) for name in ("support_calls", "tenure_months"))
        chance = 1 / (1 + np.exp(-2.0 * (calls - 1.5) + 0.1 * (tenure - 36)))
        return bool(self._random.random() < chance)

    def _rows(self) -> Iterable[Iterable[object]]:
        return (customer.values() for customer in self._customers)

    def _write(self, name: str, header: list[str], rows: Iterable[Iterable[object]]) -> None:
        with (self.folder / name).open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows(rows)


def days_through(last: date) -> list[date]:
    return [FIRST_DAY + timedelta(days=at) for at in range((last - FIRST_DAY).days + 1)]
