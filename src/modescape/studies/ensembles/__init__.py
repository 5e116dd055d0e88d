"""Ensembles made by methods inside a run: what is asked for, where it is kept, and what it predicts."""
