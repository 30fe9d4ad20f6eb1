"""Failures as runnable procedures: each breaks something on purpose and measures what it cost.

``python -m chaos`` runs all of them against real server processes, prints a figure with its bound
for each and fails where one falls short. ``python -m chaos R-01 --database sqlite`` runs one.
The edges of the server's world (mail relay, SMS gateway, the network to its database) live in a
process of their own and do what a procedure tells them to.
"""
