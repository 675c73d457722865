"""The Spark session, its configuration, and Spark SQL over the lake."""
