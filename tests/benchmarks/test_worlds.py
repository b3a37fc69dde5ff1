"""Worlds of the monitoring benchmark: only days that are right by themselves change places."""

from datetime import date, timedelta

from benchmarks.instances.worlds import calm_days, permuted, permuted_after

YEAR = [date(2013, 1, 1) + timedelta(days=at) for at in range(365)]


def test_days_without_history_and_the_broken_one_stay_out():
    days = calm_days(YEAR)
    assert days[0] == date(2013, 1, 29)
    assert set(YEAR[28:]) - set(days) == {date(2013, 2, 12)}


def test_every_day_takes_the_place_of_one_of_its_weekday():
    places = permuted(YEAR, seed=1)
    assert sorted(places.values()) == YEAR
    assert all(day.weekday() == place.weekday() for day, place in places.items())


def test_days_before_the_windows_keep_their_places():
    places, last = permuted(YEAR, seed=1), YEAR[180]
    again = permuted_after(places, last, seed=2)
    before = [day for day, place in places.items() if place <= last]
    assert [again[day] for day in before] == [places[day] for day in before]
    assert sorted(again.values()) == YEAR
    assert again != places
