"""Modules with the interfaces of existing services, so that a service switches to the engine by one import."""
