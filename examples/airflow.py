"""A job of portl-job(5) as a task of an Airflow DAG, every night.

A lost connection or a stream that was cut is tried again; what is wrong with rows, tables or
the job fails at once.  To cut a job into tasks of its parts see parts/airflow.py.
"""
import subprocess
from datetime import datetime, timedelta

from airflow.decorators import dag, task
from airflow.exceptions import AirflowException, AirflowFailException


@dag(schedule="17 3 * * *", start_date=datetime(2026, 1, 1), catchup=False, max_active_runs=1)
def nightly():
    @task(retries=3, retry_delay=timedelta(minutes=10))
    def move():
        status = subprocess.run(["portl", "run", "/etc/portl/nightly.yaml"], check=False).returncode
        if status in (2, 4) or status < 0:
            raise AirflowException(f"portl run: not now, exit status {status}")
        if status != 0:
            raise AirflowFailException(f"portl run: exit status {status}")

    move()


nightly()
