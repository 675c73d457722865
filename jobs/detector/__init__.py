"""The object detector: models, engines, pictures in and objects out."""
