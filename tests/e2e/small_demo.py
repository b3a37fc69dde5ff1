"""`mlops demo` over the four weeks that a small budget can train on."""

from datetime import date

from mlops_platform.cli import demo, main

demo.LAST_DAY = date(2013, 1, 28)
demo.AS_OF = "2013-01-29T00:00:00-05:00"

if __name__ == "__main__":
    main(["demo"])
