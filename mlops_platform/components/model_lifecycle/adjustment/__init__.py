"""Constants of the champion that follow the outcomes."""
