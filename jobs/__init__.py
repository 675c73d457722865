"""Programs that work on frames; a job is a verb and its product the noun.

| verb (module) | noun (what it makes) |
|---|---|
| `convert_model` | a model folder: SavedModel, LiteRT files, labels, `model.json` |
| `detect_pictures` | annotated pictures, without Kafka or Spark |
| `run_stream` | the streaming application: runs the four below |
| `detect_objects` | `resultstream`, `frame-outcomes` |
| `archive_detections` | `detections` |
| `archive_frames` | `frames` |
| `archive_camera_status` | `camera_status`, `camera_registrations` |
| `detect_skipped` | `detections` of layer batch: what the speed layer skipped |
| `import_events`, `remove_events` | `detections` out of an event file of the first version |
| `export_events` | an event file |
| `maintain_lake` | `maintenance_reports`, and tables that stay small and quick |
"""
