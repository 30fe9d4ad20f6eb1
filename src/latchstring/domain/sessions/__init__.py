"""Sessions: a browser that is signed in here.

The cookie holds a random token; the table holds its one-way image, which is also the public
``sid``. A session ends by idleness, by age, by signing out, or because its user was shut out. It
knows which applications it signed in to, of those that want to hear of its end.
"""
