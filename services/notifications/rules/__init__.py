"""Rules by which messages are sent by themselves."""
