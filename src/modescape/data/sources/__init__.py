"""Sources: where examples come from, one file a kind; each brings them into the one form of `data.contents`."""
