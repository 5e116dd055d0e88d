"""Loss over weights: radial cuts, lines and curves between solutions, and the barriers on them."""
