"""What is refused, repaired and told about size; each is in the test that its comment names."""

from tests.documents.cases import Case

# tests/test_settings.py
NO_SIZE = Case(
    given="`MLOPS_MEMORY_LIMIT=lots`",
    was="DuckDB took what the machine had: a full build of 2.7 million rows 5.9 GB",
    now="an engine takes 1.5 GB, or what is set, and spills into the home; no size is refused",
    reads="MLOPS_MEMORY_LIMIT='lots' is no size. Write a number and its unit",
)
# tests/usecases/candidate/test_training_rows.py
SAMPLED = Case(
    given="more rows than `training.max_rows`",
    was="every step of a training held all rows that were known",
    now="models are fitted on a sample by the entities and the seed, and judged on all rows",
    reads="Models were fitted on a random sample of the rows",
)
# tests/usecases/candidate/test_training_rows.py
OTHER_ROWS = Case(
    given="a snapshot of which a row was taken, read for a sample",
    was="the same, with all rows in memory",
    now="refused: all rows are verified, piece by piece",
    reads="it was changed after it was written",
)
# tests/driving/test_rebuild.py
UNCHANGED = Case(
    given="a build of all features of which nothing has changed",
    was="all days were built again",
    now="the last day is built; `full: true` builds all",
    reads="The other days were built as they would be now, and stay",
)
# tests/driving/test_rebuild.py
WINDOW = Case(
    given="a window that is materialised together with the tables that it reads",
    was="all that had landed was built",
    now="the days of the window are built",
    reads="The days of this run's partition are built",
)
CASES = (NO_SIZE, SAMPLED, OTHER_ROWS, UNCHANGED, WINDOW)
