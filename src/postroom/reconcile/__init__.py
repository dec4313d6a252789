"""Two-way synchronization decided: both sides now, and as agreed, to an ordered plan; pure.

Order of reading: `item` and `pair` are what is compared, `changes` says what happened to a pair, `table` what
is to come of it, `deletion`, `notice` and `conflict` the rules on top, `plan` puts it all in order, `guard`
holds back what would destroy too much, and `agree` says what a pair is after an act.

Nothing here knows a clock, a database or a server. Who carries a plan out goes these steps::

    look       changes of both sides since their marks; what pairs miss in a full look is asked for by id
    complete   situation.strangers, needed_for and uids_to_find say what else must be read, and
               tokens_to_find which unanswered creations are searched for
    plan       plan.make_plan, then guard.guard
    act        one by one: agree.journalled is stored, the side is asked, and agree.settled or
               agree.failed is stored
    mark       the marks are kept only when every act was done and none was held back

After a link or a creation the record is noted on the server's item, before the pair is stored as settled.
"""
