"""Tests of Postroom."""
