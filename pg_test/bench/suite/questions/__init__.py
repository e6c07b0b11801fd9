"""What is asked, in this order. A question is a module with NAME, TITLE and ask(plan) -> Answer; this is the place to add one."""

from questions import duty_cycle, size

SHORT = [duty_cycle, size]
FULL = [*SHORT]
