"""Airflow on one machine: components, configuration and health."""
