"""The files of a new model, as texts that follow from the choices alone."""
