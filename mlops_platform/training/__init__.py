"""The pure training room: functions of DataFrames and specs, from rows to a judged candidate."""
