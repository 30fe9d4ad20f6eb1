"""Challenges: one pending proof, each, that somebody controls an identifier.

A challenge's secret takes two forms, a one-time code and a magic link, both derived from its random
id under the key file's key, so that the table holds nothing a reader could use. This room promises:
the newest five (the connection's setting) are live, one success ends all, a wrong answer counts
against all of them before the next answer is compared, and exactly one of many racing right answers
wins. It knows neither who the person is nor how a message travels.
"""
