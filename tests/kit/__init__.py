"""What tests stand on: servers, databases of their own, a layer on a real port."""
