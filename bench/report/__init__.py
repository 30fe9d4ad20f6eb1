"""What was measured, as a person reads it: tables, a plot, and the document that holds them."""
