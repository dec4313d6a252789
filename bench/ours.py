"""How the benchmarks use the product: the only module here that knows its commands and names.

A store is set up once per mailbox through the product's own interface and then copied for every run,
so that setting up is not timed and every run starts from the same state.
"""
