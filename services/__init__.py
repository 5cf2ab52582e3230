"""The services. Each owns its database and its nouns; none imports another."""
