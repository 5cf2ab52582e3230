"""Tests of the web: the partner API and the pages, over the real services on the in-process bus."""
