"""Intervals of the deployed arrival delay, lived through week by week by the platform itself."""
