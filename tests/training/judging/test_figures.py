import struct

from mlops_platform.drawing import CARD_DOTS_PER_INCH, STYLE, WIDTH
from mlops_platform.spec import ModelSpec
from mlops_platform.training.judging.evaluation import evaluate
from mlops_platform.training.judging.figures import figures_of


def test_every_figure_is_a_png_of_the_width_of_a_page(figures):
    assert set(figures) == {"calibration", "curves", "confusion", "subgroups", "importance"}
    for image in figures.values():
        assert image.startswith(b"\x89PNG\r\n\x1a\n")
        width, height = struct.unpack(">II", image[16:24])
        assert width == WIDTH * CARD_DOTS_PER_INCH
        assert 300 < height < 1200


def test_drawing_leaves_the_callers_style_alone(spec, evaluation):
    import matplotlib

    before = {name: matplotlib.rcParams[name] for name in STYLE}
    drawn = figures_of(spec.task, evaluation.model_copy(update={"subgroups": ()}))

    assert {name: matplotlib.rcParams[name] for name in STYLE} == before
    assert "subgroups" not in drawn  # none is large enough to judge


def test_a_perfect_model_can_be_drawn(spec, evaluation):
    details = evaluation.details
    perfect = evaluation.model_copy(
        update={
            "details": {
                **details,
                "confusion": {**details["confusion"], "false_positives": 0, "false_negatives": 0},
                "calibration": details["calibration"][:1],
            },
            "subgroups": (),
        }
    )

    assert len(figures_of(spec.task, perfect)) == 4


def test_groups_that_are_compared_are_drawn(spec, evaluation, candidate, split):
    plain = spec.model_dump(mode="json")
    plain["evaluation"]["fairness"] = {"columns": ["colour", "region"]}
    evaluated = evaluate(ModelSpec.model_validate(plain), candidate, split, artifact_bytes=1)
    drawn = figures_of(spec.task, evaluated)
    assert drawn.keys() - figures_of(spec.task, evaluation).keys() == {"fairness"}
    width, height = struct.unpack(">II", drawn["fairness"][16:24])
    assert width == WIDTH * CARD_DOTS_PER_INCH
    assert 600 < height < 2000
