"""The embedded engine: it answers the runs API in this process and runs wercker.yml pipelines on this machine."""
