"""What a comparison is of: prediction files, checkpoints of any network, and runs."""
