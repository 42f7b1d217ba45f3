"""Promotion: candidate against champion, decided by a gate."""
