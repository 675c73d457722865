"""Shared by the DAGs: the hours of a run, submission of Spark jobs, and reporting of failures."""
