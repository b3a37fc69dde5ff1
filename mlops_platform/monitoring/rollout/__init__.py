"""Whether a challenger, or a new champion, keeps what it promises."""
