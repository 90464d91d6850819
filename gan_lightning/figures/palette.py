"""The colours of real and generated points in every picture."""

REAL = "#1f4e79"
GENERATED = "#e07b39"
