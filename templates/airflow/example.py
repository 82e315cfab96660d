"""Shows that an Airflow deployment works: two tasks, each in a pod of its own, a retry, and a value handed on.

Run with {"fail": true} it shows what a failure looks like, and that its alerts arrive.
"""

import datetime

from airflow.sdk import dag, task


@dag(schedule=None, start_date=datetime.datetime(2026, 1, 1), catchup=False, params={"fail": False}, tags=["airlock"])
def airlock_example():
    @task(retries=1, retry_delay=datetime.timedelta(seconds=1))
    def measure(ti=None) -> int:
        if ti.try_number == 1:
            raise RuntimeError("the first try fails, so that the second one shows")
        return ti.try_number

    @task
    def report(tries: int, params=None) -> str:
        if params["fail"]:
            raise RuntimeError("it was asked to fail")
        if tries != 2:
            raise ValueError(f"2 tries were due, {tries} were made")
        return f"it took {tries} tries"

    report(measure())


airlock_example()
