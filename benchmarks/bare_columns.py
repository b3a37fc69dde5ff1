"""The columns that the bare scripts read; plain data, so that nobody imports more for them."""

LABEL, SEED = "is_late", 42
NUMERIC = [
    *("scheduled_departure_minute", "scheduled_arrival_minute", "scheduled_duration_minutes"),
    *("day_of_week", "distance_miles", "plane_age_years", "plane_seats"),
    *("temperature_f", "dew_point_f", "humidity_percent", "wind_speed_mph"),
    *("precipitation_inches", "pressure_millibars", "visibility_miles", "weather_age_minutes"),
    *("carrier_late_rate_7d", "route_late_rate_28d", "origin_late_rate_24h"),
    *("origin_late_rate_3h", "tail_number_late_rate_14d"),
]
CATEGORICAL = ["carrier", "origin", "destination"]
FEATURES = NUMERIC + CATEGORICAL
