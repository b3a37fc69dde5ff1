"""What the environment may say about who vouches for a packed version."""

from pathlib import Path

import pytest

from mlops_platform.errors import ServingError
from mlops_platform.serving.runtime import read_runtime


def test_nothing_is_trusted_unless_it_is_said() -> None:
    runtime = read_runtime({})
    assert (runtime.trust_packed, runtime.public_key) == (None, None)
    told = {"MLOPS_SERVING_TRUST_PACKED": "true", "MLOPS_SERVING_PUBLIC_KEY": "/keys/public.pem"}
    runtime = read_runtime(told)
    assert (runtime.trust_packed, runtime.public_key) == ("true", Path("/keys/public.pem"))
    assert read_runtime({"MLOPS_SERVING_TRUST_PACKED": "ab" * 32}).trust_packed == "ab" * 32


@pytest.mark.parametrize("text", ["yes", "1", "AB" * 32, "ab" * 31])
def test_trust_in_what_is_no_digest_is_refused(text: str) -> None:
    with pytest.raises(ServingError, match=r"TRUST_PACKED.*the digest of the Bento"):
        read_runtime({"MLOPS_SERVING_TRUST_PACKED": text})
