"""What is asked, in this order. A question is a module with NAME, TITLE and ask(plan) -> Answer; this is the place to add one."""

from questions import attestations, bursts, cleanup, duty_cycle, growth, memory, new_names, protected, size, waiting

SHORT = [duty_cycle, attestations, bursts, size, waiting, new_names, memory]
FULL = [*SHORT, protected, growth, cleanup]
