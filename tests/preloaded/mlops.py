"""What stands for the script `mlops`, whose own way to end would come before that of the server."""

from mlops_platform.cli import main

if __name__ == "__main__":
    main(prog_name="mlops")
