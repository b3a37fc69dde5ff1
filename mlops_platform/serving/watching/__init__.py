"""What a worker tells about itself: log, metrics, traces, events."""
