"""Identity by token file: temporary credentials that all which a process opens shares."""
