"""What the DAGs share: which hours a run is about, how a Spark job is submitted, how a failure is told."""
