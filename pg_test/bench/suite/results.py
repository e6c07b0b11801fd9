"""What is kept of a run: a JSON file and the charts of each question, under target/bench/."""

import dataclasses
import json
import os
import time
from pathlib import Path

import server
from chart import svg

FOLDER = Path("target/bench")


def write(question, answer, plan):
    FOLDER.mkdir(parents=True, exist_ok=True)
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    version = server.ask("postgres", "SHOW server_version").split()[0]
    kept = {
        "question": question.NAME,
        "command": plan.command,
        "measured_at": when,
        "server_version": version,
        "processors": os.cpu_count(),
        "plan": dataclasses.asdict(plan),
        **dataclasses.asdict(answer),
    }
    (FOLDER / f"{question.NAME}.json").write_text(json.dumps(kept, indent=1) + "\n")
    note = f"{plan.command}, {when[:10]}, Postgres {version}, {os.cpu_count()} processors"
    for chart in answer.charts:
        (FOLDER / f"{chart.name}.svg").write_text(svg(chart, note))
