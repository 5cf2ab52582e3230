"""What the services say to each other: events on the bus and requests over RPC, one module for each owner."""
