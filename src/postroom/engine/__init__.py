"""Which pass is due, who runs it, and what follows from its end.

Read `schedule` and `retry` first (pure: when and why), then `work` (one pass from begin to end), `runner`
(who runs it, in line), `durable` (the same on DBOS, over processes and hosts) and `fleet` (the worker).
"""
