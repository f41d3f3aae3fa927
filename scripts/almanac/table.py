"""Writes tests/almanac/table.csv: sun and moon as Skyfield and JPL's DE421
have them, for the test that holds src/almanac against it.

    python3 -m venv .venv
    .venv/bin/pip install -r scripts/almanac/requirements.txt
    .venv/bin/python scripts/almanac/table.py > tests/almanac/table.csv

The versions are pinned and nothing is downloaded, so that the table is the
same each time. A row is one civil day at one place; all times are unix seconds.
"""

import importlib.resources
import os
import sys
from datetime import date, datetime, timedelta

# The zones as pinned, not as this system happens to have them.
os.environ["PYTHONTZPATH"] = ""
from zoneinfo import ZoneInfo  # noqa: E402

import numpy as np  # noqa: E402
from skyfield import almanac  # noqa: E402
from skyfield.api import Loader, wgs84  # noqa: E402

DATA = importlib.resources.files("skyfield_data") / "data"
EPHEMERIS = Loader(str(DATA), expire=False, verbose=False)("de421.bsp")
SCALE = Loader(str(DATA), expire=False, verbose=False).timescale(builtin=True)
EARTH, SUN, MOON = (EPHEMERIS[name] for name in ("earth", "sun", "moon"))

REFRACTION = 34 / 60
SUN_RADIUS = 16 / 60
MOON_RADIUS_KM = 1737.4
EPOCH = datetime(1970, 1, 1, tzinfo=ZoneInfo("UTC"))

PLACES = [
    ("Paris", 48.8566, 2.3522, "Europe/Paris"),
    ("Quito", -0.1807, -78.4678, "America/Guayaquil"),
    ("Sydney", -33.8688, 151.2093, "Australia/Sydney"),
    ("Ushuaia", -54.8019, -68.3030, "America/Argentina/Ushuaia"),
    ("Tromso", 69.6492, 18.9553, "Europe/Oslo"),
    ("Longyearbyen", 78.2232, 15.6267, "Arctic/Longyearbyen"),
    ("Honolulu", 21.3069, -157.8583, "Pacific/Honolulu"),
    ("Suva", -18.1416, 178.4419, "Pacific/Fiji"),
    ("McMurdo", -77.8419, 166.6863, "Antarctica/McMurdo"),
    ("North Pole", 90.0, 0.0, "UTC"),
    ("South Pole", -90.0, 0.0, "UTC"),
]

DATES = [
    "2025-03-20", "2025-06-21", "2025-09-22", "2025-12-21",
    # Clocks go forward and back in Paris and the Norwegian places ...
    "2026-03-29", "2026-10-25",
    # ... and in Sydney.
    "2027-04-04", "2027-10-03",
    # Leap day, ordinary days, solstices.
    "2028-02-29", "2029-08-13", "2030-05-05", "2030-11-11",
    "2031-06-21", "2031-12-22", "2032-01-15", "2032-12-31",
]  # fmt: skip


def window(zone, day):
    """One civil day, from its midnight to the next."""
    midnight = lambda d: int(datetime(d.year, d.month, d.day, tzinfo=ZoneInfo(zone)).timestamp())
    return midnight(day), midnight(day + timedelta(days=1))


def instant(unix):
    """Skyfield's time for unix seconds, one or an array."""
    return SCALE.utc(1970, 1, 1, 0, 0, unix)


def crossings(place, body, start, end):
    """Up at the start (1 or 0), and the first rising and setting in [start, end)."""
    observer = EARTH + place

    def up(t):
        altitude, _, distance = observer.at(t).observe(body).apparent().altaz()
        if body is SUN:
            radius = SUN_RADIUS
        else:
            radius = np.degrees(np.arcsin(MOON_RADIUS_KM / distance.km))
        return altitude.degrees >= -(REFRACTION + radius)

    up.step_days = 3 / 1440
    times, became = almanac.find_discrete(instant(start), instant(end), up, epsilon=0.2 / 86400)
    rise = set_ = None
    for time, is_up in zip(times, became):
        unix = round((time.utc_datetime() - EPOCH).total_seconds())
        if is_up and rise is None:
            rise = unix
        if not is_up and set_ is None:
            set_ = unix
    return rise, set_, int(up(instant(start)))


def row(name, latitude, longitude, zone, day):
    """Everything about one day at one place; the moon's look is at its start."""
    start, end = window(zone, day)
    place = wgs84.latlon(latitude, longitude)
    sun, moon = crossings(place, SUN, start, end), crossings(place, MOON, start, end)
    t = instant(start)
    lit = almanac.fraction_illuminated(EPHEMERIS, "moon", t)
    elongation = almanac.moon_phase(EPHEMERIS, t).degrees
    cell = lambda value: "" if value is None else str(value)
    cells = [name, str(day), str(latitude), str(longitude), str(start), str(end)]
    cells += [cell(value) for value in (*sun, *moon)] + [f"{lit:.4f}", f"{elongation:.3f}"]
    return sun, moon, ",".join(cells)


def first_day(place, day, wanted):
    """The first day from `day` on whose sun and moon are `wanted`."""
    for _ in range(400):
        sun, moon, line = row(*place, day)
        if wanted(sun, moon):
            return line
        day += timedelta(days=1)
    sys.exit(f"no such day at {place[0]}")


def lines():
    yield "place,day,latitude,longitude,from,to,sunrise,sunset,sun_up,moonrise,moonset,moon_up,illuminated,elongation"
    for place in PLACES:
        pole = "Pole" in place[0]
        for day in DATES[:4] if pole else DATES:
            yield row(*place, date.fromisoformat(day))[2]
        if pole:
            continue
        yield first_day(place, date(2028, 9, 1), lambda sun, moon: moon[0] is None and moon[1])
        yield first_day(place, date(2031, 3, 1), lambda sun, moon: moon[1] is None and moon[0])
        if abs(place[1]) > 66:
            # The grazing days around polar night and polar day: the first one
            # with rise and set, with neither, with one of the two.
            half = lambda sun, moon: (sun[0] is None) != (sun[1] is None)
            both = lambda sun, moon: None not in sun[:2]
            none = lambda sun, moon: sun[:2] == (None, None)
            for start in (date(2029, 1, 1), date(2029, 7, 1)):
                yield first_day(place, start, both)
                yield first_day(place, start + timedelta(days=70), none)
                yield first_day(place, start + timedelta(days=70), half)
    for place, day in (("North Pole", "2027-03-18"), ("North Pole", "2027-09-25"),
                       ("South Pole", "2029-09-20"), ("South Pole", "2029-03-22")):  # fmt: skip
        place = next(p for p in PLACES if p[0] == place)
        yield first_day(place, date.fromisoformat(day) - timedelta(days=3),
                        lambda sun, moon: sun[:2] != (None, None))  # fmt: skip
        yield first_day(place, date.fromisoformat(day), lambda sun, moon: moon[0])
        yield first_day(place, date.fromisoformat(day), lambda sun, moon: moon[1])


# A day may have been looked for twice.
for line in dict.fromkeys(lines()):
    print(line)
