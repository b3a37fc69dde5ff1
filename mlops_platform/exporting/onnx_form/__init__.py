"""A version as an ONNX graph in float64, made by the helpers of `onnx` from the compiled form.

Not by skl2onnx: it makes trees in float32, which sends values close to a threshold another way, and
converts categories of HistGradientBoosting wrongly without an error.
"""
