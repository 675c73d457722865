"""SPEED LAYER: the streaming application, detection and three archives."""
