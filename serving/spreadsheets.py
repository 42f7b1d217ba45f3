"""What a spreadsheet takes for a formula, in the files that people open with one."""

# A spreadsheet takes a text that begins so for a formula, and runs it.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
