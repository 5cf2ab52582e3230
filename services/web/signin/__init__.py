"""Who works here: accounts, sessions, roles and the audit, in the web's own database."""
