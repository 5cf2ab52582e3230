"""Searches over the demo county whose best answers people have judged, and how well a search finds those."""
