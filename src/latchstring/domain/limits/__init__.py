"""Limits: how often something may happen in a window of time.

A counter and its window are one row and each spending is one guarded statement, so parallel
callers never pass together. This room counts; which limits a request must pass is a flow's
business.
"""
