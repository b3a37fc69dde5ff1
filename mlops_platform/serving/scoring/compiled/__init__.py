"""A fitted pipeline compiled into plain functions: optional, quick, and proved equal to it."""
