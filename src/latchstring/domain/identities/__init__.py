"""Who somebody is: identifiers (email addresses, phone numbers) and the users they belong to.

This room promises one spelling per identifier, one user per identifier, and a subject that is
never changed and never reused. It knows nothing of how an identifier is proven.
"""
