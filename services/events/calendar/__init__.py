"""The calendar: meetings that are to come, who registers for them, and who was there."""
