"""Constants of a release that follow the outcomes of matured days."""
