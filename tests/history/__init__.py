"""Tests of services/history."""
