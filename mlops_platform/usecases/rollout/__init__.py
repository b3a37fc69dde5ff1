"""A challenger beside the champion: begun, judged, ended, watched."""
