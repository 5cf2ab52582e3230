"""The web: the partner API and the pages for staff. Everything it knows of the domain it asks over the bus."""
