"""registered_version, champion, model_card and bento."""
