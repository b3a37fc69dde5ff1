"""Builds Bentos, and proves them before they serve; no Bento holds it."""
