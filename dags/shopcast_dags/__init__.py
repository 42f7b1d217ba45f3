"""Parts of the DAGs: settings, steps, operators, verdicts, alerts; nothing of shopcast itself."""
