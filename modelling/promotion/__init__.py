"""Promotion: a gate decides whether the candidate replaces the champion."""
