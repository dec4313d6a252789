"""Benchmarks: one corpus, real servers, anchors in C, ratios taken in one run."""
