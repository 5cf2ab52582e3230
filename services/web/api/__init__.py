"""The partner API v1 and its documents, one module for each noun."""
