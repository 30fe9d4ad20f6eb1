"""The procedures themselves, one module per family of failures."""
