"""The steps of the batch layer in order, without Airflow."""
