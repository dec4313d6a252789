"""Choices: what a person may say to each question, and the decision that it stands for."""

from collections.abc import Mapping

from postroom.reconcile.decide import is_too_much
from postroom.reconcile.pair import Decision, Pair
from postroom.reconcile.policy import Policy
from postroom.reconcile.question import About, Question

#: The words of each choice.
CHOICES: Mapping[About, Mapping[str, Decision]] = {
    About.VALUES: {"crm": Decision.REJECT, "server": Decision.ACCEPT},
    About.DUPLICATE: {"link": Decision.ACCEPT, "both": Decision.BOTH, "skip": Decision.REJECT},
    About.BOOKING: {"make": Decision.ACCEPT, "skip": Decision.REJECT},
    About.FAILURE: {"retry": Decision.ACCEPT},
}


def question_of(pair: Pair, policy: Policy) -> Question | None:
    """Return what a person can decide about this pair; of one that rests, whether it is tried again."""
    if pair.question is None and pair.failure is not None and is_too_much(pair.failure, policy):
        return Question(About.FAILURE, words=pair.failure.words)
    return pair.question


def choice_of(question: Question, decision: Decision) -> str:
    """Return the word of a decision, or empty while the question is open.

    >>> choice_of(Question(About.DUPLICATE), Decision.BOTH)
    'both'
    """
    return next((word for word, each in CHOICES[question.about].items() if each is decision), "")
