"""The pages for staff, one module for each noun. Every page works without JavaScript."""
