"""The views: each rule of counting and serving, stated once, in SQL."""
