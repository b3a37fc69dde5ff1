"""Write the tutorial's data: `python3 parcels.py FOLDER` makes `parcels.csv` and `new.csv` there.

Every parcel of half a year, made up: no real person, company or address is in it. What it writes
may be used for anything (CC0). Nothing but Python's standard library is needed, and the same seed
writes the same bytes.
"""

import csv
import math
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
DAYS, NEW_DAYS = 182, 2
A_DAY = 50
DEPOTS = {"north": -0.5, "south": 0.3, "east": 0.0, "harbour": 0.7}
KNOWN_BEFORE = (
    *("parcel_id", "ordered_at", "depot", "service"),
    *("distance_km", "weight_kg", "promised_hours"),
)
KNOWN_AFTER = ("delivered_at", "minutes_late", "refund_eur")


def parcels(random: Random) -> Iterator[dict[str, object]]:
    """Every parcel in the order of its order; a depot has good days and bad ones."""
    trouble, number = dict.fromkeys(DEPOTS, 0.0), 0
    for day in range(DAYS + NEW_DAYS):
        for depot in DEPOTS:
            trouble[depot] = 0.8 * trouble[depot] + random.gauss(0, 0.2)
        moments = sorted(random.uniform(6, 22) for _ in range(A_DAY))
        for hour in moments:
            number += 1
            ordered_at = FIRST + timedelta(days=day, seconds=round(hour * 3600))
            yield _parcel(random, number, ordered_at, trouble)


def _parcel(
    random: Random, number: int, ordered_at: datetime, trouble: dict[str, float]
) -> dict[str, object]:
    depot = random.choice([*DEPOTS])
    service = random.choice(["standard", "standard", "express"])
    distance = round(random.lognormvariate(3, 0.7), 1)
    weight = round(random.lognormvariate(1, 0.6), 2)
    promised_hours = 8 if service == "express" else 24
    hurry = 0.8 if service == "express" else 0.0
    evening = 0.6 if ordered_at.hour >= 18 else 0.0
    delay = DEPOTS[depot] + trouble[depot] + hurry + evening + 0.03 * distance - 2.4
    late = random.random() < 1 / (1 + math.exp(-2.0 * delay))
    minutes_late = round(random.uniform(31, 240) if late else random.uniform(-200, 30))
    delivered_at = ordered_at + timedelta(hours=promised_hours, minutes=minutes_late)
    refund = f"{random.uniform(2, 9):.2f}" if late and random.random() < 0.8 else ""
    return {
        "parcel_id": f"P{number:06}",
        "ordered_at": f"{ordered_at:%Y-%m-%d %H:%M:%S}",
        "depot": depot,
        "service": service,
        "distance_km": distance,
        "weight_kg": weight,
        "promised_hours": promised_hours,
        "delivered_at": f"{delivered_at:%Y-%m-%d %H:%M:%S}",
        "minutes_late": minutes_late,
        "refund_eur": refund,
    }


def main(folder: Path) -> None:
    """Write both files: what is over with its outcome, and what was ordered since without."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = list(parcels(Random(20240101)))  # noqa: S311 - made-up data need no secret
    over = DAYS * A_DAY
    for name, columns, part in (
        ("parcels.csv", KNOWN_BEFORE + KNOWN_AFTER, rows[:over]),
        ("new.csv", KNOWN_BEFORE, rows[over:]),
    ):
        with (folder / name).open("w", newline="") as file:
            writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            writer.writerows(part)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
