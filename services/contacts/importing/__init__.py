"""Imports of contacts from a spreadsheet: what columns mean, what each row would do, doing it, and taking it back."""
