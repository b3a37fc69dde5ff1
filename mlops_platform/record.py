"""Record: a frozen value that one asset hands to the next as JSON."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """Immutable and strict; written with `model_dump_json` and read back unchanged."""

    # NaN stays NaN in JSON: as null it could not be read back, and the gate must see it.
    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="constants")
