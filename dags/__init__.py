"""Airflow DAGs: one file, one DAG, one noun; they only schedule and submit."""
