"""What `modescape combine` reads, scores and writes."""
