"""Two-way synchronization decided: both sides now, and as agreed, to an ordered plan; pure.

Order of reading: `item` and `pair` are what is compared, `changes` says what happened to a pair, `table` what
is to come of it, `deletion`, `notice` and `conflict` the rules on top, `plan` puts it all in order, `guard`
holds back what would destroy too much, and `agree` says what a pair is after an act.

Nothing here knows a clock, a database or a server; who carries a plan out journals each act before it, with
`agree.journalled`, and settles it afterwards, with `agree.settled`.
"""
