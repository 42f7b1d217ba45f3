"""The retailers known by name: one TOML file each."""
