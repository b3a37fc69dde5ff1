"""What stands for the script `mlops`, whose own way to end would come before that of the server."""

from mlops_platform.cli import main

main(prog_name="mlops")
