"""Whether the data of a window are what they must be, whatever their distribution."""
