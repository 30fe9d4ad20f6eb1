"""The hosted sign-in pages: typed views in, server-rendered HTML out."""
