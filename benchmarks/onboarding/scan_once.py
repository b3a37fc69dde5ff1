"""`python -m benchmarks.onboarding.scan_once FILE`: one scan in a process of its own."""

import sys
from pathlib import Path

from mlops_platform.data.profiling.findings import findings
from mlops_platform.data.profiling.scan import scan_files

if __name__ == "__main__":
    with scan_files([Path(sys.argv[1])]) as table:
        kinds = [finding.kind for finding in findings(table.profile)]
        sys.stdout.write(f"{table.profile.rows} {len(table.profile.columns)} {len(kinds)}\n")
