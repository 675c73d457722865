"""Pipeline: speed, backlog, ledger, tables and DAGs."""
