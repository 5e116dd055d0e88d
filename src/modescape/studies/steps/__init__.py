"""The steps that studies are made of, one file each: they join what the rooms compute to a run's named arrays."""
