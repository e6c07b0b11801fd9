"""suite short|full [QUESTION ..]: asks the questions of the server that PGHOST and PGPORT name, and writes what it was told."""

import sys
import time

import questions
import results
from plan import Plan
from server import Failed
from terminal import say, show_table, show_targets


def main(arguments):
    if not arguments or arguments[0] not in ("short", "full"):
        sys.exit(__doc__)
    plan = Plan(full=arguments[0] == "full")
    every = {question.NAME: question for question in questions.FULL}
    chosen = [every.get(name) for name in arguments[1:]] or (questions.FULL if plan.full else questions.SHORT)
    if None in chosen:
        sys.exit(f"Questions: {' '.join(every)}")
    answers = []
    for question in chosen:
        began = time.monotonic()
        answer = question.ask(plan)
        results.write(question, answer, plan)
        say(f"{question.TITLE}: {time.monotonic() - began:.0f} s")
        answers.append(answer)
    for answer in answers:
        for table in answer.tables:
            show_table(table)
    show_targets([target for answer in answers for target in answer.targets])
    say("")
    say(f"all figures and charts: {results.FOLDER}/")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Failed as failure:
        sys.exit(f"\n{failure}")
    except KeyboardInterrupt:
        sys.exit(130)
