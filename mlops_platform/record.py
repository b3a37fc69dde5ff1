"""Record: a frozen value that one asset hands to the next as JSON."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """Immutable and strict; written with `model_dump_json` and read back unchanged."""

    model_config = ConfigDict(extra="forbid", frozen=True)
