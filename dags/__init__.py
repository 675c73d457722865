"""Airflow DAGs, one a file; they only schedule and submit."""
