"""Measures complete logins against a running server, paired with the bare floor of the same disk.

Started with ``make bench``; docs/performance.md says what the figures mean.
"""
