"""Audit: what happened, to whom, from where, as events in the past tense.

Events are written in the transaction of what they tell, so the record is neither early nor
missing. They hold no code, link, token or secret.
"""
