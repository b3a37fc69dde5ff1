"""Digests, allow-list, and the one function that loads a model.

A Bento carries this package without the platform's other dependencies: nothing here may import
more than the standard library, scikit-learn, skops, cryptography, `mlops_platform.errors` and
`mlops_platform.files`.
"""
