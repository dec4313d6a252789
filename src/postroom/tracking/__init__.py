"""Which mail matters, to whom, and why; pure.

`facts.needed_for` says what a decision must know, `decide.decide` gives the verdict with its
reason and the trail of every rule tried. No clock, no log, no I/O.
"""
