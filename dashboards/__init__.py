"""The pages: live pictures, reports, exploration, quality and pipeline, served by Dash."""
