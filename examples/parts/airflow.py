"""Parts as mapped tasks of an Airflow DAG: a plan, each part of it, one publication.

A task that ends with 75 or by a signal is tried again; with any other status it fails at once.
"""
import json
import subprocess
from datetime import datetime, timedelta

from airflow.decorators import dag, task
from airflow.exceptions import AirflowException, AirflowFailException

PLAN = "/shared/plans/nightly.plan"


def run(*words):
    """Run portl; a status that is worth another try is an ordinary failure for Airflow."""
    status = subprocess.run(["portl", *words], check=False).returncode
    if status == 75 or status < 0:
        raise AirflowException(f"portl {words[0]}: not now")
    if status != 0:
        raise AirflowFailException(f"portl {words[0]}: exit status {status}")


@dag(schedule="17 3 * * *", start_date=datetime(2026, 1, 1), catchup=False, max_active_runs=1)
def nightly():
    @task
    def plan():
        run("plan", "/etc/portl/nightly.yaml", "--own", "-o", PLAN)
        with open(PLAN, encoding="utf-8") as file:
            return [part["number"] for part in json.load(file)["parts"]]

    @task(retries=5, retry_delay=timedelta(minutes=1), max_active_tis_per_dag=8)
    def part(number):
        run("part", PLAN, str(number))

    @task(retries=5, retry_delay=timedelta(minutes=1))
    def publish():
        run("publish", PLAN)
        run("drop", PLAN)

    part.expand(number=plan()) >> publish()


nightly()
