"""The web: partner API, history API and the pages for staff."""
