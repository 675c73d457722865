"""The views: each rule of counting and serving, said once, in SQL."""
